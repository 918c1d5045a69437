#include "client/client_session.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/platform.hpp"
#include "client/echo.hpp"
#include "client/observed_peer.hpp"
#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "protocol/stream_compressor.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/version.hpp"

namespace tunnel::client {

namespace {

/// Whether the path to the server is worth it. An address of this machine never is, however slow it is just now.
bool compresses(io::connected_socket& server, const options& settings) {
    if (settings.compress != compress_mode::automatic) return settings.compress == compress_mode::on;
    // A proxy hides the distance, and stands where the way leads out of a network.
    if (settings.proxy) return true;
    if (server.peer().address().is_loopback()) return false;
    return round_trip(server.socket().native_handle()) >= limits::compress_from;
}

void start_echo(const io::executor& strand, std::shared_ptr<mux::exchange> exchange,
                mux::part<protocol::request> request, std::shared_ptr<exchange_observer> observer) {
    const auto echoed = std::make_shared<echo>(std::move(exchange), std::move(*request), std::move(observer));
    auto run = [echoed]() -> io::awaitable<void> { return echoed->run(); };
    io::spawn(strand, "request", std::move(run), [echoed] { echoed->ended(); });
}

}  // namespace

client_session::client_session(io::runtime& rt, io::connected_socket socket, const options& settings,
                               std::shared_ptr<app_knowledge> app, const mux::link_times& times)
    : compress_(compresses(socket, settings)),
      runtime_(rt),
      link_(std::make_shared<mux::link>(std::move(socket), mux::role::client, times)),
      settings_(settings),
      apps_(rt, settings, std::move(app)),
      leaving_(link_->strand(), [this] { link_->close("the server left requests open"); }),
      stalled_(link_->strand(), [this] { cut_stalled(); }) {}

io::awaitable<outcome> client_session::run(std::string instance, bool takeover, std::function<void()> active) {
    protocol::hello ours;
    ours.agent = "tunnel-client/" + std::string(program_version);
    ours.window = limits::initial_window;
    ours.max_streams = limits::max_streams;
    ours.takeover = takeover;
    ours.instance = std::move(instance);
    ours.versions = {protocol::version};
    // A capture of compressed bytes is not readable in any case, and in base64 the compressor finds fewer matches.
    ours.raw_bodies = settings_.raw_bodies || compress_;
    if (compress_) ours.compress_offer = {std::string(protocol::compression_method)};
    link_->send(ours);
    const auto* theirs = co_await link_->receive_hello(*this);
    if (theirs == nullptr) {
        co_await link_->drain();
        if (link_->other_version()) {
            outcome_ = outcome::other_version;
            goaway_detail_ = link_->ended();
        }
        co_return outcome_;
    }
    const auto offered = compress_ && theirs->compress == protocol::compression_method;
    if ((!theirs->compress.empty() && !offered) || !theirs->compress_offer.empty()) {
        link_->refuse(protocol::errc::bad_member, "`compress` of a server must be one method that the client offered");
        co_await link_->drain();
        co_return outcome_;
    }
    greeted_ = true;
    public_url_ = theirs->public_url;
    link_->start(ours, *theirs);
    active();
    co_await link_->run(*this);
    leaving_.stop();
    stalled_.stop();
    apps_.finish_all();
    co_return outcome_;
}

std::size_t client_session::drain() {
    stopping_ = true;
    // Whether a goaway would have to be compressed, only the server's hello says.
    if (compress_ && !greeted_) {
        stop();
        return 0;
    }
    link_->announce({protocol::goaway_reason::shutdown, "the client is shutting down", {}});
    link_->streams().notify_stopping();
    stalled_.set(limits::drain_quiet_time);
    return link_->streams().size();
}

void client_session::cut_stalled() {
    link_->streams().cut_short();
    stalled_.set(limits::drain_quiet_time);
}

void client_session::abandon() {
    leaving_.stop();
    stalled_.stop();
    arrived_.clear();
    link_->abandon("internal error");
    apps_.finish_all();
}

void client_session::stop() { link_->close("the client stops"); }

void client_session::on_request(const std::shared_ptr<mux::stream>& s, mux::part<protocol::request> request) {
    std::shared_ptr<app_session> app;
    if (!settings_.echo) app = apps_.session_for(request->from.connection, s);
    auto strand = app ? app->strand() : runtime_.new_strand();
    auto observer = tap_ == nullptr ? nullptr : tap_->begin(*request);
    std::shared_ptr<exchange_detour> detour;
    if (gate_ != nullptr && gate_->open()) detour = gate_->begin(*request, strand, observer);
    auto exchange = make_exchange(s, strand, observer, detour);
    if (stopping_) exchange->deliver(mux::stopping{});  // it crossed our goaway
    arrived_.push_back({s, std::move(strand), std::move(app), std::move(exchange), std::move(request),
                        std::move(observer), std::move(detour)});
}

std::shared_ptr<mux::exchange> client_session::make_exchange(const std::shared_ptr<mux::stream>& s,
                                                             const io::executor& strand,
                                                             const std::shared_ptr<exchange_observer>& observer,
                                                             const std::shared_ptr<exchange_detour>& detour) {
    if (!observer && !detour) return s->make_exchange(strand);
    std::shared_ptr<mux::exchange_peer> peer = s;
    if (detour) peer = detour->between(std::move(peer));
    if (observer) peer = std::make_shared<observed_peer>(std::move(peer), observer);
    auto exchange = std::make_shared<mux::exchange>(strand, std::move(peer));
    s->attach(exchange);
    return exchange;
}

void client_session::on_frames_handled() {
    if (arrived_.empty()) return;
    serving_.swap(arrived_);
    for (auto& next : serving_) serve(next);
    serving_.clear();
}

void client_session::serve(arrived& next) {
    if (next.stream->cancelled()) return;  // the caller left before the request went anywhere
    if (next.detour) return serve_on_detour(next);
    if (!next.app)
        return start_echo(next.strand, std::move(next.exchange), std::move(next.request), std::move(next.observer));
    next.app->serve(std::move(next.exchange), std::move(next.request), std::move(next.observer));
}

void client_session::serve_on_detour(arrived& next) {
    auto to_app = [app = std::move(next.app), strand = next.strand, observer = std::move(next.observer)](
                      std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request) {
        if (!app) return start_echo(strand, std::move(exchange), std::move(request), observer);
        app->serve(std::move(exchange), std::move(request), observer);
    };
    io::run_on(next.strand, [detour = std::move(next.detour), exchange = std::move(next.exchange),
                             request = std::move(next.request), to_app = std::move(to_app)]() mutable {
        detour->serve(std::move(exchange), std::move(request), std::move(to_app));
    });
}

void client_session::on_goaway(const protocol::goaway& m) {
    using protocol::goaway_reason;
    goaway_detail_ = m.detail;
    switch (m.reason) {
        case goaway_reason::replaced:
            outcome_ = outcome::replaced;
            break;
        case goaway_reason::busy:
            outcome_ = outcome::busy;
            break;
        case goaway_reason::version:
            outcome_ = outcome::other_version;
            break;
        case goaway_reason::shutdown:
            outcome_ = outcome::shut_down;
            leaving_.set(settings_.drain_timeout);
            break;
        default:
            spdlog::warn("the server ends the session: {}", m.detail.empty() ? to_string(m.reason) : m.detail);
            break;
    }
}

}  // namespace tunnel::client
