#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/app_connections.hpp"
#include "client/exchange_gate.hpp"
#include "client/exchange_observer.hpp"
#include "client/options.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/runtime.hpp"
#include "mux/link.hpp"

namespace tunnel::client {

/// How a connection to the server ended.
enum class outcome : std::uint8_t {
    lost,           ///< network or server lost: connect again and take over
    replaced,       ///< another client is active now
    busy,           ///< standing by: another client is still active
    shut_down,      ///< the server is ending: connect again
    other_version,  ///< no common protocol version: connecting again cannot help
};

/// The client's end of one tunnel connection: handshake, and what becomes of each request. Belongs to its link's
/// strand.
class client_session : public mux::link::owner, public std::enable_shared_from_this<client_session> {
 public:
    client_session(io::runtime& rt, io::connected_socket socket, const options& settings,
                   std::shared_ptr<app_knowledge> app, const mux::link_times& times = {});

    /// Before run(): `tap` sees every exchange, and outlives this. Null: nothing does.
    void observe(exchange_tap* tap) noexcept { tap_ = tap; }
    /// Before run(): `gate` decides which exchanges take a detour, and outlives this. Null: none does.
    void gate(exchange_gate* gate) noexcept { gate_ = gate; }
    /// `instance` names this client to the server. `active` is called once the server said that it is the active one.
    [[nodiscard]] io::awaitable<outcome> run(std::string instance, bool takeover, std::function<void()> active);

    /// Sends goaway, and closes when the requests in flight have their responses. Returns how many there are.
    std::size_t drain();
    void stop();
    /// When run() has ended, however it did: nothing is open any more.
    void abandon();

    [[nodiscard]] const std::string& ended() const noexcept { return link_->ended(); }
    /// Where callers reach the server, as it said in its hello; may be empty.
    [[nodiscard]] const std::string& public_url() const noexcept { return public_url_; }
    [[nodiscard]] const std::string& goaway_detail() const noexcept { return goaway_detail_; }

    void on_request(const std::shared_ptr<mux::stream>& s, mux::part<protocol::request> request) override;
    void on_closed(const protocol::closed_connection& m) override { apps_.closed(m.connection); }
    void on_frames_handled() override;
    void on_goaway(const protocol::goaway& m) override;

 private:
    /// A request that is served once the frames that came with it are handled: a cancel may be among them.
    struct arrived {
        std::shared_ptr<mux::stream> stream;
        io::executor strand;
        std::shared_ptr<app_session> app;  // null: this client responds by itself
        std::shared_ptr<mux::exchange> exchange;
        mux::part<protocol::request> request;
        std::shared_ptr<exchange_observer> observer;  // null: nothing observes
        std::shared_ptr<exchange_detour> detour;      // null: it goes straight to the app
    };

    [[nodiscard]] static std::shared_ptr<mux::exchange> make_exchange(
        const std::shared_ptr<mux::stream>& s, const io::executor& strand,
        const std::shared_ptr<exchange_observer>& observer, const std::shared_ptr<exchange_detour>& detour);
    void serve(arrived& next);
    static void serve_on_detour(arrived& next);
    void cut_stalled();

    bool compress_;         // this client offers it
    bool greeted_ = false;  // the server's hello has arrived
    io::runtime& runtime_;
    std::shared_ptr<mux::link> link_;
    const options& settings_;
    exchange_tap* tap_ = nullptr;
    exchange_gate* gate_ = nullptr;
    app_connections apps_;
    io::deadline leaving_;  // a server that said goaway has this long for what is in flight
    io::deadline stalled_;  // while stopping: a caller that does not read holds nothing up
    std::vector<arrived> arrived_;
    std::vector<arrived> serving_;  // its memory is kept
    bool stopping_ = false;         // goaway was sent
    outcome outcome_ = outcome::lost;
    std::string goaway_detail_;
    std::string public_url_;
};

}  // namespace tunnel::client
