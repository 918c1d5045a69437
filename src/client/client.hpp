#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "client/backoff.hpp"
#include "client/client_session.hpp"
#include "client/options.hpp"
#include "client/proxy_handshake.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/dialler.hpp"
#include "io/runtime.hpp"

namespace tunnel::client {

/// Whether the tunnel is up, for those who show it.
struct tunnel_state {
    /// `standing_by`: another client is active.
    enum class phase : std::uint8_t { connecting, up, retrying, standing_by };
    phase now = phase::connecting;
    std::string detail;      ///< why it is not up
    std::string public_url;  ///< as the server says; may be empty
};

/// The whole client: one tunnel connection at a time, made again for ever. Belongs to its strand.
class client : public std::enable_shared_from_this<client> {
 public:
    /// `say` gets the line for stdout at every connect.
    client(io::runtime& rt, options settings, std::function<void(const std::string&)> say,
           const mux::link_times& times = {});

    /// Before start(): `tap` sees every exchange, and outlives the client. Null: nothing does.
    void observe(exchange_tap* tap) noexcept { tap_ = tap; }
    /// Before start(): `gate` decides which exchanges take a detour, and outlives the client. Null: none does.
    void gate(exchange_gate* gate) noexcept { gate_ = gate; }
    void start();
    /// (any thread) First call: no new requests, finish what is in flight. Second call: ends at once.
    void stop();
    /// Each callback is called at every change, on the client's strand. Before start().
    void on_state(std::function<void(const tunnel_state&)> callback) { on_state_.push_back(std::move(callback)); }
    /// Called on the client's strand when the number of requests that wait for the app changes. Before start().
    void on_held(std::function<void(std::size_t)> callback) {
        if (app_->absence) app_->absence->on_change(std::move(callback));
    }
    /// Called once, when everything is closed, with the exit code of the program.
    void on_ended(std::function<void(int)> callback) { on_ended_ = std::move(callback); }

 private:
    /// Why there is no connection: the part that decides whether it is logged again.
    struct trouble {
        enum class kind : std::uint8_t { unreachable, refused_by_proxy, not_a_server, busy, lost };
        kind what;
        io::error_code error;
        bool operator==(const trouble&) const = default;
    };

    [[nodiscard]] io::awaitable<void> run();
    /// Also where run() ended by an exception: then it begins anew.
    void run_ended();
    /// Of the proxy, where there is one.
    [[nodiscard]] const tunnel::address& dialled_address() const noexcept;
    /// A connection to the server, through the proxy if there is one. Null: there is none, which was said, or the
    /// client stops.
    [[nodiscard]] io::awaitable<std::unique_ptr<io::dialler>> dial_server();
    /// One connection, from dialling to its end. True: it is time to give up for good, exit_code_ says how.
    [[nodiscard]] io::awaitable<bool> connect_once();
    /// What became of that connection. True as in connect_once.
    [[nodiscard]] bool ended_for_good(const client_session& session, bool was_active);
    void report_lost(const client_session& session, bool was_active);
    /// Whether this kind of trouble was not the last one that was reported.
    [[nodiscard]] bool is_news(const trouble& now);
    [[nodiscard]] std::chrono::milliseconds pause_after(outcome how);
    void say_connected(const std::string& announced_url);
    /// To a person, once, where the client was not connected yet.
    void say_waiting();
    /// The URL of the app, or "echo".
    [[nodiscard]] std::string forwards_to() const;
    [[nodiscard]] io::awaitable<void> check_app();
    void show_state(tunnel_state::phase now, const std::string& detail);
    /// After a connection that may be made again.
    void show_end(const client_session& session);

    io::runtime& runtime_;
    options settings_;
    mux::link_times times_;
    std::function<void(const std::string&)> say_;
    std::function<void(int)> on_ended_;
    std::vector<std::function<void(const tunnel_state&)>> on_state_;
    io::executor strand_;
    std::shared_ptr<app_knowledge> app_ = std::make_shared<app_knowledge>();
    std::shared_ptr<io::last_good_endpoint> reached_ = std::make_shared<io::last_good_endpoint>();
    exchange_tap* tap_ = nullptr;
    exchange_gate* gate_ = nullptr;
    std::shared_ptr<client_session> session_;
    io::asio::steady_timer pause_;
    io::deadline drain_;
    io::deadline slow_;  // says what the client waits for
    backoff backoff_;
    std::string instance_;
    std::unique_ptr<io::dialler> dialling_;
    std::unique_ptr<io::dialler> checking_app_;
    std::unique_ptr<proxy_handshake> through_;
    bool takeover_ = true;
    bool stopping_ = false;
    bool gave_up_ = false;  // run() came to its end
    bool tried_ = false;
    bool shown_ = false;                // to a person: that it is connected, or waits
    io::clock::time_point retry_from_;  // when the last attempt began, or its connection ended
    std::optional<trouble> trouble_;    // what was reported last: the same again is not
    outcome outcome_ = outcome::lost;
    int exit_code_ = 0;
};

/// Exit codes beside 0, 1 and 2 of every program.
inline constexpr int exit_replaced = 3;
inline constexpr int exit_other_version = 4;

}  // namespace tunnel::client
