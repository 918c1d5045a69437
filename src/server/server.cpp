#include "server/server.hpp"

#include <algorithm>
#include <utility>

#include "app/values.hpp"
#include "base/log.hpp"
#include "base/log_text.hpp"
#include "base/statistics.hpp"
#include "io/spawn.hpp"
#include "mux/failure.hpp"
#include "server/public_session.hpp"
#include "server/tunnel_session.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::server {

namespace asio = io::asio;

server::server(io::runtime& rt, options settings, const mux::link_times& times)
    : settings_(std::move(settings)),
      times_(times),
      strand_(rt.new_strand()),
      slot_(std::make_shared<client_slot>(rt.new_strand(), settings_.max_in_flight)),
      connections_(settings_.connections_before),
      http_(rt, strand_, [this](io::connected_socket socket) { accept_public(std::move(socket)); }),
      tcp_(rt, strand_, [this](io::connected_socket socket) { accept_tunnel(std::move(socket)); }),
      hold_(strand_, [this] { start_public(); }),
      drain_(strand_, [this] { finish(false); }),
      last_responses_(strand_, [this] {
          for (const auto& session : public_sessions_) session->cut_off();
      }) {}

void server::start() {
    mux::expect_failures();
    const auto open = [](io::accept_loop& loop, const std::optional<int>& passed, const tunnel::address& where,
                         std::string_view setting) {
        if (passed) return loop.adopt(*passed);
        loop.listen(where, setting);
    };
    open(http_, settings_.http_socket, settings_.http_addr, "--http-addr");
    open(tcp_, settings_.tcp_socket, settings_.tcp_addr, "--tcp-addr");
    if (settings_.public_url.empty()) settings_.public_url = "http://" + to_string(http_.local());
    slot_->on_change([weak = weak_from_this()](const std::string& peer) {
        const auto self = weak.lock();
        if (!self) return;
        if (self->on_client_) self->on_client_(peer);
        if (!peer.empty()) io::post_to(self->strand_, [self] { self->start_public(); });
    });
    holding_ = true;
    if (settings_.http_socket) {
        hold_.set(limits::hold_callers);
    } else {
        start_public();
    }
    tcp_.start("tunnel listener", shared_from_this(), [this] { session_ended(); });
}

// A socket that was passed has callers from before the start, whom the client can serve as soon as it is back.
void server::start_public() {
    if (!std::exchange(holding_, false)) return;
    hold_.stop();
    http_.start("public listener", shared_from_this(), [this] { session_ended(); });
}

void server::accept_public(io::connected_socket socket) {
    const auto open = public_sessions_.size();
    if (open >= settings_.max_connections + settings_.turned_away) {
        program_statistics().reached(bound::turned_away);
        return;  // closes it
    }
    auto session = std::make_shared<public_session>(std::move(socket), slot_, settings_, ++connections_);
    const auto full = open >= settings_.max_connections;
    if (full) program_statistics().reached(bound::max_connections);
    spdlog::debug("caller connection {} accepted, {} were open{}", connections_, open, full ? ": turned away" : "");
    run_session(session, public_sessions_, full ? &public_session::turn_away : &public_session::run);
    if (phase_ != phase::serving) session->stop(phase_ != phase::draining);
}

void server::accept_tunnel(io::connected_socket socket) {
    if (phase_ == phase::ending || phase_ == phase::ended) return;  // closes it
    // Neither a scan nor clients that were replaced may keep a client out: the oldest that is not the active one goes.
    if (tunnel_sessions_.size() >= settings_.max_handshakes) {
        program_statistics().reached(bound::max_handshakes);
        auto oldest = std::ranges::find_if(tunnel_sessions_, [](const auto& s) { return s->is_waiting(); });
        if (oldest == tunnel_sessions_.end())
            oldest = std::ranges::find_if(tunnel_sessions_, [](const auto& s) { return s->is_leaving(); });
        if (oldest != tunnel_sessions_.end()) (*oldest)->stop("displaced by newer tunnel connections");
    }
    auto session = std::make_shared<tunnel_session>(std::move(socket), slot_, settings_, times_);
    run_session(session, tunnel_sessions_, &tunnel_session::run);
}

template <class Session>
void server::run_session(const std::shared_ptr<Session>& session, std::list<std::shared_ptr<Session>>& sessions,
                         io::awaitable<void> (Session::*run)()) {
    const auto at = sessions.insert(sessions.end(), session);
    auto body = [session, run]() -> io::awaitable<void> { return ((*session).*run)(); };
    auto ended = [self = shared_from_this(), session, &sessions, at] {
        session->ended();
        io::post_to(self->strand_, [self, &sessions, at] {
            sessions.erase(at);
            self->session_ended();
        });
    };
    io::spawn(session->strand(), "connection", std::move(body), std::move(ended));
}

void server::session_ended() {
    // A caller may have been accepted before the listener was stopped, and be noticed after.
    if (phase_ == phase::draining && public_sessions_.empty() && !http_.running()) finish(false);
    if (phase_ == phase::ending && public_sessions_.empty() && tunnel_sessions_.empty()) {
        last_responses_.stop();
        if (on_ended_) on_ended_();
        phase_ = phase::ended;
    }
}

void server::stop() {
    io::post_to(strand_, [self = shared_from_this()] {
        if (self->phase_ != phase::serving) return self->finish(true);
        self->drain();
    });
}

void server::drain() {
    phase_ = phase::draining;
    if (public_sessions_.empty())
        spdlog::info("stopping: no public connection is open");
    else
        spdlog::info("stopping: waiting for {}, for {} at most; a second signal ends at once",
                     counted(public_sessions_.size(), "public connection"),
                     app::duration_text(settings_.drain_timeout));
    slot_->drain();
    holding_ = false;
    hold_.stop();
    http_.stop();
    for (const auto& session : public_sessions_) session->stop(false);
    drain_.set(settings_.drain_timeout);
    session_ended();
}

void server::finish(bool at_once) {
    if (phase_ == phase::ended) return;
    drain_.stop();
    tcp_.stop();
    slot_->shut_down();
    for (const auto& session : public_sessions_) session->stop(true);
    last_responses_.set(limits::last_responses_time);
    for (const auto& session : tunnel_sessions_) {
        if (at_once) {
            session->stop("the server stops");
        } else {
            session->refuse(protocol::goaway_reason::shutdown, "the server is shutting down");
        }
    }
    phase_ = phase::ending;
    session_ended();
}

}  // namespace tunnel::server
