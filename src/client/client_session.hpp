#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "client/local_pool.hpp"
#include "client/options.hpp"
#include "io/asio.hpp"
#include "io/runtime.hpp"
#include "mux/link.hpp"

namespace tunnel::client {

/// How a connection to the server ended.
enum class outcome {
    lost,           ///< network or server gone: connect again and take over
    replaced,       ///< another client is active now
    busy,           ///< standing by: another client is still active
    shut_down,      ///< the server said goodbye: connect again
    other_version,  ///< no common protocol version: connecting again cannot help
};

/// The client's end of one tunnel connection: handshake, and a local_exchange for each request. Belongs to its
/// link's strand.
class client_session : public mux::tunnel_link::owner, public std::enable_shared_from_this<client_session> {
 public:
    client_session(io::runtime& rt, io::tcp::socket socket, std::shared_ptr<local_pool> pool, const options& settings,
                   const mux::link_times& times = {});

    /// `instance` names this client to the server. `active` is called once the server said that it is the active one.
    [[nodiscard]] io::awaitable<outcome> run(std::string instance, bool takeover, std::function<void()> active);

    /// Says goodbye, and closes when the requests in flight are answered.
    void drain();
    void stop();
    /// When run() has ended, however it did: nothing is open any more.
    void abandon();

    [[nodiscard]] const std::string& ended() const noexcept { return link_->ended(); }
    [[nodiscard]] const std::string& goaway_detail() const noexcept { return goaway_detail_; }

    std::shared_ptr<mux::exchange> new_exchange(const protocol::request& request) override;
    void serve(std::shared_ptr<mux::exchange> exchange, protocol::request&& request) override;
    void on_goaway(const protocol::goaway& m) override;

 private:
    io::runtime& runtime_;
    std::shared_ptr<mux::tunnel_link> link_;
    std::shared_ptr<local_pool> pool_;
    const options& settings_;
    local_pool::taken next_local_;  // chosen in new_exchange: the exchange lives on its strand
    io::executor next_strand_;
    outcome outcome_ = outcome::lost;
    std::string goaway_detail_;
};

}  // namespace tunnel::client
