#include "faults/second_delivery.hpp"

#include <utility>
#include <variant>

#include "client/observed_peer.hpp"
#include "faults/limits.hpp"
#include "io/runtime.hpp"

namespace tunnel::faults {

second_delivery::second_delivery(const io::executor& strand, const client::options& settings,
                                 std::shared_ptr<client::app_knowledge> app)
    : strand_(strand),
      app_(std::make_shared<client::app_session>(strand, settings, std::move(app))),
      limit_(strand, [this] { end(); }) {}

void second_delivery::start(protocol::request request, std::shared_ptr<client::exchange_observer> observer) {
    io::post_to(strand_, [self = shared_from_this(), request = mux::part<protocol::request>(std::move(request)),
                          observer = std::move(observer)]() mutable {
        std::shared_ptr<mux::exchange_peer> peer = self;
        if (observer) peer = std::make_shared<client::observed_peer>(self, observer);
        const auto exchange = std::make_shared<mux::exchange>(self->strand_, std::move(peer));
        self->exchange_ = exchange;
        self->limit_.set(limits::second_delivery);
        self->app_->serve(exchange, std::move(request), std::move(observer));
        self->app_->finish();
    });
}

void second_delivery::stop() {
    io::post_to(strand_, [self = shared_from_this()] { self->end(); });
}

void second_delivery::end() {
    limit_.stop();
    const auto exchange = exchange_.lock();
    if (exchange && !exchange->over()) exchange->deliver(mux::incoming(mux::failed{mux::failure::tunnel_lost}));
}

void second_delivery::send(mux::part<mux::outgoing> sent) {
    const auto bytes = std::visit([](const auto& part) { return part.body.size(); }, *sent);
    const auto exchange = exchange_.lock();
    if (exchange && bytes > 0) exchange->accepted(bytes);
    if (std::visit([](const auto& part) { return part.end; }, *sent)) limit_.stop();
}

}  // namespace tunnel::faults
