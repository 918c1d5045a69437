#include "mux/exchange.hpp"

#include <utility>

#include "io/runtime.hpp"
#include "mux/link.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {

bool merge(protocol::data& last, protocol::data& more) {
    if (last.end || last.body.size() + more.body.size() > limits::body_slice) return false;
    last.body.append(more.body.view());
    last.end = more.end;
    last.trailers = std::move(more.trailers);
    return true;
}

exchange::exchange(io::executor session, std::shared_ptr<tunnel_link> link)
    : session_(std::move(session)), link_(std::move(link)) {}

// Always queued: what comes in the middle of the link's work must not run session code inside it.
template <class Function>
void exchange::to_session(Function run) {
    io::post_to(session_, [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

template <class Function>
void exchange::to_link(Function run) {
    io::run_on(link_->strand(), [self = shared_from_this(), link = link_, run = std::move(run)]() mutable {
        run(link->streams(), self);
    });
}

void exchange::to_link_send(part<outgoing> sent) {
    to_link([sent = std::move(sent)](stream_set& streams, const auto& self) mutable {
        streams.send(self, std::move(sent));
    });
}

void exchange::consumed(std::size_t octets) {
    uncredited_ += octets;
    if (uncredited_ < limits::credit_step || over_ || !link_) return;
    to_link([n = std::exchange(uncredited_, 0)](stream_set& streams, const auto& self) { streams.consumed(self, n); });
}

bool exchange::has_room() const noexcept { return outstanding_ < limits::stream_queue || over_; }

io::awaitable<void> exchange::wait_room() {
    while (!has_room()) co_await room_changed_.wait();
}

void exchange::send(part<outgoing> sent) {
    if (over_) return;
    outstanding_ += std::visit([](const auto& p) { return p.body.size(); }, *sent);
    if (!link_) return send_when_opened_.push(std::move(sent));
    to_link_send(std::move(sent));
}

void exchange::send_fin() {
    if (over_) return;
    if (!link_) {
        fin_when_opened_ = true;
        return;
    }
    to_link([](stream_set& streams, const auto& self) { streams.send_fin(self); });
}

void exchange::cancel(protocol::cancel_reason reason) {
    if (over_) return;
    if (link_) {
        to_link([reason](stream_set& streams, const auto& self) { streams.cancel(self, reason); });
    } else {
        cancel_when_opened_ = reason;
    }
    over_ = true;
    room_changed_.notify();
}

void exchange::stop_peer() {
    if (over_ || !link_) return;
    to_link([](stream_set& streams, const auto& self) { streams.stop_peer(self); });
    push(failed{failure::none});
    incoming_changed_.notify();
}

void exchange::fail(failure why, protocol::cancel_reason reason) {
    cancel(reason);
    push(failed{why});
    incoming_changed_.notify();
}

void exchange::cut_short(failure why, protocol::cancel_reason reason) {
    if (!link_) return fail(why, reason);
    if (!over_) to_link([reason](stream_set& streams, const auto& self) { streams.cut_short(self, reason); });
    push(failed{why});
    incoming_changed_.notify();
}

void exchange::push(part<incoming> arrived) {
    if (std::holds_alternative<failed>(*arrived)) {
        over_ = true;
        room_changed_.notify();
    }
    auto* last = has_incoming() ? std::get_if<protocol::data>(&incoming_.back()) : nullptr;
    auto* more = std::get_if<protocol::data>(&*arrived);
    if (last == nullptr || more == nullptr || !merge(*last, *more)) incoming_.push(std::move(arrived));
    // A copy: what is called may drop the original.
    if (auto callback = on_incoming_) callback();
}

void exchange::arrive(part<incoming> arrived) {
    push(std::move(arrived));
    incoming_changed_.notify_now();
}

void exchange::deliver(part<incoming> arrived) {
    to_session([arrived = std::move(arrived)](exchange& self) mutable { self.arrive(std::move(arrived)); });
}

void exchange::hand_over(part<incoming> arrived) {
    io::run_on(session_, [self = shared_from_this(), arrived = std::move(arrived)]() mutable {
        self->arrive(std::move(arrived));
    });
}

void exchange::opened(std::shared_ptr<tunnel_link> link) {
    io::run_on(session_, [self_ptr = shared_from_this(), link = std::move(link)]() mutable {
        auto& self = *self_ptr;
        self.link_ = std::move(link);
        if (self.cancel_when_opened_) {
            self.to_link([reason = *self.cancel_when_opened_](stream_set& streams, const auto& stream) {
                streams.cancel(stream, reason);
            });
            return;
        }
        while (!self.send_when_opened_.empty()) self.to_link_send(self.send_when_opened_.pop());
        if (self.fin_when_opened_) self.send_fin();
    });
}

void exchange::accepted(std::size_t octets) {
    to_session([octets](exchange& self) {
        self.outstanding_ -= octets;
        self.room_changed_.notify();
    });
}

}  // namespace tunnel::mux
