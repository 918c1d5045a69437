#include "server/tunnel_session.hpp"

#include <utility>

#include "base/log.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/version.hpp"

namespace tunnel::server {

tunnel_session::tunnel_session(io::tcp::socket socket, std::shared_ptr<client_slot> slot, const mux::link_times& times)
    : link_(std::make_shared<mux::tunnel_link>(std::move(socket), mux::role::server, times)), slot_(std::move(slot)) {}

template <class Function>
void tunnel_session::on_strand(Function run) {
    io::run_on(link_->strand(), [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

io::awaitable<void> tunnel_session::run() {
    const auto greeted = co_await link_->receive_hello(theirs_, *this);
    if (!greeted) {
        co_await link_->drain();
        spdlog::warn("tunnel connection from {} did not become a client: {}", peer(), link_->ended());
        co_return;
    }
    slot_->claim(shared_from_this(), theirs_.takeover);
    co_await link_->run(*this);
    if (active_) spdlog::info("client {} disconnected: {}", peer(), link_->ended());
}

void tunnel_session::ended() {
    slot_->release(shared_from_this());
    link_->abandon("internal error");
}

void tunnel_session::activate() {
    on_strand([](tunnel_session& self) {
        protocol::hello ours;
        ours.agent = "tunnel-server/" + std::string(program_version);
        ours.window = limits::initial_window;
        ours.max_streams = limits::max_streams;
        ours.raw_bodies = self.theirs_.raw_bodies;
        self.active_ = true;
        self.link_->send(ours);
        self.link_->start(ours, self.theirs_);
        spdlog::info("client {} connected ({})", self.peer(), self.theirs_.agent);
    });
}

void tunnel_session::replace(const std::string& by) {
    finish(mux::failure::replaced, protocol::goaway_reason::replaced, "replaced by the client at " + by);
}

void tunnel_session::refuse(protocol::goaway_reason reason, std::string detail) {
    finish(mux::failure::shutting_down, reason, std::move(detail));
}

void tunnel_session::finish(mux::failure stream_failure, protocol::goaway_reason reason, std::string detail) {
    io::post_to(link_->strand(), [self = shared_from_this(), stream_failure, reason, detail = std::move(detail)] {
        self->link_->set_stream_failure(stream_failure);
        self->link_->streams().fail_all(stream_failure);
        self->link_->finish(reason, detail);
    });
}

void tunnel_session::open(std::shared_ptr<mux::exchange> exchange, mux::part<mux::outgoing> request,
                          std::size_t max_in_flight) {
    on_strand(
        [exchange = std::move(exchange), request = std::move(request), max_in_flight](tunnel_session& self) mutable {
            auto& streams = self.link_->streams();
            // Gone, and the slot has not heard of it yet: the request never left.
            if (self.link_->closed() || self.link_->finishing() || self.link_->leaving())
                return exchange->deliver(mux::failed{mux::failure::no_client});
            const auto opened = streams.size() < max_in_flight && streams.open(exchange, std::move(request));
            if (!opened) return exchange->deliver(mux::failed{mux::failure::overloaded});
            exchange->opened(self.link_);
        });
}

void tunnel_session::stop() {
    stopped_ = true;
    on_strand([](tunnel_session& self) { self.link_->close("the server stops"); });
}

void tunnel_session::on_goaway(const protocol::goaway& m) {
    spdlog::info("client {} says goodbye: {} {}", peer(), to_string(m.reason), m.detail);
    // What is in flight goes on; new requests find an empty slot.
    slot_->release(shared_from_this());
    if (m.reason == protocol::goaway_reason::shutdown) link_->set_stream_failure(mux::failure::shutting_down);
    link_->leave();
}

}  // namespace tunnel::server
