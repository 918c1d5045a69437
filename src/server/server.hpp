#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include "io/accept_loop.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "io/runtime.hpp"
#include "mux/link.hpp"
#include "server/client_slot.hpp"
#include "server/options.hpp"

namespace tunnel::server {

class public_session;
class tunnel_session;

/// The whole server: two listening sockets, the slot between them, and every open connection. Its own state
/// belongs to its strand.
class server : public std::enable_shared_from_this<server> {
 public:
    server(io::runtime& rt, options settings, const mux::link_times& times = {});

    /// Binds both addresses and starts. Throws std::runtime_error with a sentence for the user.
    void start();
    /// Real addresses, once started.
    [[nodiscard]] tunnel::address http_address() const { return http_.local(); }
    [[nodiscard]] tunnel::address tcp_address() const { return tcp_.local(); }

    /// Called with the address of each client that becomes active, and with "" when none is any more; any thread. Set
    /// before start().
    void on_client(std::function<void(const std::string&)> callback) { on_client_ = std::move(callback); }
    /// Called once, on the server's strand, when everything is closed after stop().
    void on_ended(std::function<void()> callback) { on_ended_ = std::move(callback); }

    /// (any thread) First call: accepts no more, finishes what is in flight for at most drain_timeout, says goodbye
    /// to the client. Second call: ends at once.
    void stop();

 private:
    void start_public();
    void accept_public(io::connected_socket socket);
    void accept_tunnel(io::connected_socket socket);
    void drain();
    void finish(bool at_once);
    void session_ended();
    template <class Session>
    void run_session(const std::shared_ptr<Session>& session, std::list<std::shared_ptr<Session>>& sessions,
                     io::awaitable<void> (Session::*run)());

    options settings_;
    mux::link_times times_;
    io::executor strand_;
    std::shared_ptr<client_slot> slot_;
    std::uint64_t connections_;  // number of the latest public one
    io::accept_loop http_;
    io::accept_loop tcp_;
    std::list<std::shared_ptr<public_session>> public_sessions_;
    std::list<std::shared_ptr<tunnel_session>> tunnel_sessions_;
    io::deadline hold_;
    io::deadline drain_;
    io::deadline last_responses_;
    enum class phase { serving, draining, ending, ended } phase_ = phase::serving;
    bool holding_ = false;  // callers wait in the socket until the client is back
    std::function<void(const std::string&)> on_client_;
    std::function<void()> on_ended_;
};

}  // namespace tunnel::server
