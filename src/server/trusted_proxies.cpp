#include "server/trusted_proxies.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tunnel::server {

namespace ip = io::asio::ip;

namespace {

constexpr unsigned short bits_v4 = 32;
constexpr unsigned short bits_v6 = 128;

ip::address_v6 masked(const ip::address_v6& address, unsigned short bits) {
    auto bytes = address.to_bytes();
    for (auto& byte : bytes) {
        const auto kept = std::min<unsigned>(bits, 8);
        byte = static_cast<unsigned char>(byte & (0xff00U >> kept));
        bits = static_cast<unsigned short>(bits - kept);
    }
    return ip::address_v6(bytes);
}

bool holds(const ip::network_v6& network, const ip::address_v6& address) {
    return masked(network.address(), network.prefix_length()) == masked(address, network.prefix_length());
}

bool holds(const ip::network_v4& network, const ip::address_v4& address) {
    return ip::network_v4(address, network.prefix_length()).network() == network.network();
}

}  // namespace

bool trusted_proxies::set(std::string_view text) {
    trusted_proxies made;
    made.all_ = text == "all";
    if (!made.all_ && text != "none") {
        for (;;) {
            const auto comma = text.find(',');
            if (!made.add(std::string(text.substr(0, comma)))) return false;
            if (comma == std::string_view::npos) break;
            text.remove_prefix(comma + 1);
        }
    }
    *this = std::move(made);
    return true;
}

bool trusted_proxies::add(const std::string& network) {
    io::error_code error;
    const auto slash = network.find('/');
    const auto address = ip::make_address(network.substr(0, slash), error);
    if (error) return false;
    const auto alone = slash == std::string::npos;
    if (address.is_v4()) {
        v4_.push_back(alone ? ip::network_v4(address.to_v4(), bits_v4) : ip::make_network_v4(network, error));
    } else {
        v6_.push_back(alone ? ip::network_v6(address.to_v6(), bits_v6) : ip::make_network_v6(network, error));
    }
    return !error;
}

bool trusted_proxies::trusts(const std::string& peer) const {
    if (all_) return true;
    io::error_code error;
    const auto address = ip::make_address(peer, error);
    if (error) return false;
    if (address.is_v4())
        return std::ranges::any_of(v4_, [v4 = address.to_v4()](const auto& each) { return holds(each, v4); });
    return std::ranges::any_of(v6_, [v6 = address.to_v6()](const auto& each) { return holds(each, v6); });
}

}  // namespace tunnel::server
