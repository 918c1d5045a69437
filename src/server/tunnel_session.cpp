#include "server/tunnel_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/statistics.hpp"
#include "io/runtime.hpp"
#include "protocol/stream_compressor.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/version.hpp"

namespace tunnel::server {

tunnel_session::tunnel_session(io::connected_socket socket, std::shared_ptr<client_slot> slot, const options& settings,
                               const mux::link_times& times)
    : link_(std::make_shared<mux::link>(std::move(socket), mux::role::server, times)),
      slot_(std::move(slot)),
      settings_(settings),
      leaving_(link_->strand(), [this] { link_->close("the client left requests open"); }),
      quiet_(link_->strand(), [this] { show(); }) {
    // Until it is the active client, lines about it are bounded where the owner writes them.
    link_->set_fault_level(spdlog::level::debug);
}

template <class Function>
void tunnel_session::on_strand(Function run) {
    io::run_on(link_->strand(), [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

io::awaitable<void> tunnel_session::run() {
    theirs_ = co_await link_->receive_hello(*this);
    if (theirs_ == nullptr) {
        co_await link_->drain();
        log_stranger();
        co_return;
    }
    if (!theirs_->compress.empty()) {
        link_->refuse(protocol::errc::bad_member, "`compress` of a client must be an array of strings");
        co_await link_->drain();
        log_stranger();
        co_return;
    }
    instance_ = theirs_->instance;
    if (theirs_->probe) {
        answer_probe();
        co_await link_->run(*this);
        co_return;
    }
    slot_->claim(shared_from_this(), theirs_->takeover);
    co_await link_->run(*this);
    if (greeted_) spdlog::log(level_, "client {} disconnected: {}", peer(), link_->ended());
}

void tunnel_session::log_stranger() const {
    // A port scan or a health check connects and closes: nothing that an operator has to know.
    const auto spoke = link_->received_anything();
    const auto left_out = spoke ? slot_->lines_about_strangers().pass(io::clock::now()) : std::nullopt;
    const auto level = left_out ? spdlog::level::warn : spdlog::level::debug;
    const auto more =
        left_out.value_or(0) > 0 ? fmt::format("; {} more since the last line", *left_out) : std::string();
    spdlog::log(level, "tunnel connection from {} did not become a client: {}{}", peer(), link_->ended(), more);
}

void tunnel_session::ended() {
    leaving_.stop();
    quiet_.stop();
    slot_->release(shared_from_this());
    link_->abandon("internal error");
}

protocol::hello tunnel_session::our_hello() const {
    protocol::hello ours;
    ours.agent = "tunnel-server/" + std::string(program_version);
    ours.window = limits::initial_window;
    ours.max_streams = limits::max_streams;
    ours.versions = {protocol::version};
    ours.raw_bodies = theirs_->raw_bodies;
    const auto& offer = theirs_->compress_offer;
    if (std::ranges::find(offer, protocol::compression_method) != offer.end()) {
        ours.compress = protocol::compression_method;
    }
    ours.public_url = settings_.public_url;
    return ours;
}

// A client that only wants to know whether the server is there: it displaces no other.
void tunnel_session::answer_probe() {
    auto ours = our_hello();
    ours.probe = true;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    ours.time = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    ours.compress.clear();
    link_->send(ours);
    leaving_.set(limits::hello_time);
}

void tunnel_session::activate(spdlog::level::level_enum level) {
    // At once, so that it is not stopped in between for being in the way.
    auto waiting = state::waiting;
    state_.compare_exchange_strong(waiting, state::active);
    on_strand([level](tunnel_session& self) {
        const auto ours = self.our_hello();
        self.greeted_ = true;
        self.link_->send(ours);
        self.link_->start(ours, *self.theirs_);
        if (level == spdlog::level::info) return self.show();
        spdlog::debug("client {} connected ({})", self.peer(), self.theirs_->agent);
        self.quiet_.set(limits::log_repeat_time);
    });
}

// What is said of it from here on: a client that stays is one to know of, however many came before it.
void tunnel_session::show() {
    if (state_ != state::active) return;
    level_ = spdlog::level::info;
    link_->set_fault_level(spdlog::level::warn);
    spdlog::info("client {} connected ({})", peer(), theirs_->agent);
}

void tunnel_session::replace(const std::string& by) {
    finish(mux::failure::replaced, protocol::goaway_reason::replaced, "replaced by the client at " + by);
}

void tunnel_session::refuse(protocol::goaway_reason reason, std::string detail) {
    finish(mux::failure::shutting_down, reason, std::move(detail));
}

// From here on it gives way where too many connections are open.
void tunnel_session::begin_leaving() noexcept {
    auto before = state_.load();
    while (before != state::stopped && !state_.compare_exchange_weak(before, state::leaving)) {
    }
}

void tunnel_session::finish(mux::failure stream_failure, protocol::goaway_reason reason, std::string detail) {
    begin_leaving();
    // Queued: it may be called inside a read of this very link.
    io::post_to(link_->strand(), [self = shared_from_this(), stream_failure, reason, detail = std::move(detail)] {
        self->link_->set_stream_failure(stream_failure);
        self->link_->streams().fail_all(stream_failure);
        self->link_->finish({reason, detail, {}});
    });
}

void tunnel_session::open(std::shared_ptr<pending_request> waiting, mux::part<mux::outgoing> request,
                          protocol::stream_id number, std::size_t max_in_flight) {
    on_strand([waiting = std::move(waiting), request = std::move(request), number,
               max_in_flight](tunnel_session& self) mutable {
        auto& streams = self.link_->streams();
        const auto strand = waiting->strand();
        // The connection has ended and the slot does not know yet: the request was never sent.
        auto why = mux::failure::no_client;
        std::shared_ptr<mux::exchange> exchange;
        if (!self.link_->ending()) {
            why = mux::failure::overloaded;
            if (streams.size() < max_in_flight) exchange = streams.open(strand, std::move(request), number);
            if (!exchange) program_statistics().reached(bound::max_in_flight);
        }
        if (!exchange) return io::run_on(strand, [waiting = std::move(waiting), why] { waiting->refused(why); });
        io::run_on(strand,
                   [waiting = std::move(waiting), exchange = std::move(exchange),
                    by = self.weak_from_this()]() mutable { waiting->opened(std::move(exchange), std::move(by)); });
    });
}

void tunnel_session::connection_closed(std::uint64_t number) {
    on_strand([number](tunnel_session& self) { self.link_->send(protocol::closed_connection{number}); });
}

void tunnel_session::stop(std::string why) {
    state_ = state::stopped;
    on_strand([why = std::move(why)](tunnel_session& self) { self.link_->close(why); });
}

void tunnel_session::on_goaway(const protocol::goaway& m) {
    spdlog::log(level_, "client {} ends its session: {}", peer(), m.detail.empty() ? to_string(m.reason) : m.detail);
    begin_leaving();
    // What is in flight goes on; new requests find an empty slot.
    slot_->release(shared_from_this());
    if (m.reason == protocol::goaway_reason::shutdown) {
        link_->set_stream_failure(mux::failure::shutting_down);
        leaving_.set(settings_.drain_timeout);
    }
}

}  // namespace tunnel::server
