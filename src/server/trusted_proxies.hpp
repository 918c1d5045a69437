#pragma once

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "io/asio.hpp"

namespace tunnel::server {

/// Whose X-Forwarded-* and Forwarded fields are believed: everyone's, unless networks are set.
class trusted_proxies {
 public:
    /// "all", "none", or addresses and networks by commas: "127.0.0.1,10.0.0.0/8,2001:db8::/32". False: it is neither,
    /// and nothing has changed.
    [[nodiscard]] bool set(std::string_view text);
    /// `peer` is an address without a port.
    [[nodiscard]] bool trusts(const std::string& peer) const;

 private:
    [[nodiscard]] bool add(const std::string& network);

    std::vector<io::asio::ip::network_v4> v4_;
    std::vector<io::asio::ip::network_v6> v6_;
    bool all_ = true;
};

}  // namespace tunnel::server
