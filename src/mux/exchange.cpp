#include "mux/exchange.hpp"

#include <atomic>
#include <utility>

#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {

namespace {

// Of all exchanges of the process, as its memory is.
constinit std::atomic<std::size_t> all_outstanding = 0;

}  // namespace

bool merge(protocol::data& last, protocol::data& more) {
    if (last.end || last.body.size() + more.body.size() > limits::body_slice) return false;
    last.body.append(more.body.view());
    last.end = more.end;
    last.trailers = std::move(more.trailers);
    return true;
}

exchange::exchange(io::executor session, std::shared_ptr<exchange_peer> peer, protocol::stream_id id)
    : session_(std::move(session)), peer_(std::move(peer)), id_(id) {}

template <class Function>
void exchange::post_to_session(Function run) {
    io::post_to(session_, [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

void exchange::consumed(std::size_t bytes) {
    uncredited_ += bytes;
    // Notifying the peer of every write would cost more than the write.
    if (uncredited_ < limits::credit_step || over_) return;
    peer_->consumed(std::exchange(uncredited_, 0));
}

exchange::~exchange() { all_outstanding -= outstanding_; }

bool exchange::has_room() const noexcept {
    const auto most = all_outstanding < limits::stream_queues ? limits::stream_queue : 1;
    return outstanding_ < most || over_;
}

std::size_t exchange::room() const noexcept {
    return all_outstanding < limits::stream_queues ? limits::body_slice : limits::shared_body_slice;
}

io::awaitable<void> exchange::wait_room() {
    while (!has_room()) co_await room_changed_.wait();
}

void exchange::send(part<outgoing> sent) {
    if (over_) return;
    const auto size = std::visit([](const auto& p) { return p.body.size(); }, *sent);
    outstanding_ += size;
    all_outstanding += size;
    peer_->send(std::move(sent));
}

void exchange::send_fin() {
    if (!over_) peer_->send_fin();
}

void exchange::cancel(protocol::cancel_reason reason) {
    if (over_) return;
    over_ = true;
    peer_->cancel(reason);
    room_changed_.notify();
}

void exchange::stop_peer() {
    if (over_) return;
    peer_->stop_peer();
    push(failed{failure::none});
    incoming_changed_.notify();
}

void exchange::fail(failure why, protocol::cancel_reason reason) {
    cancel(reason);
    push(failed{why});
    incoming_changed_.notify();
}

void exchange::fail_after_sent(failure why, protocol::cancel_reason reason) {
    if (!over_) peer_->cancel_after_sent(reason);
    push(failed{why});
    incoming_changed_.notify();
}

void exchange::push(part<incoming> arrived) {
    if (std::holds_alternative<failed>(*arrived)) {
        over_ = true;
        room_changed_.notify();
    }
    if (std::holds_alternative<stopping>(*arrived)) stop_requested_ = true;
    auto* last = has_incoming() ? std::get_if<protocol::data>(&incoming_.back()) : nullptr;
    auto* more = std::get_if<protocol::data>(&*arrived);
    if (last == nullptr || more == nullptr || !merge(*last, *more)) incoming_.push(std::move(arrived));
    // A copy, because the callback may replace the original.
    if (auto callback = on_incoming_) callback();
}

void exchange::arrive(part<incoming> arrived) {
    push(std::move(arrived));
    incoming_changed_.notify_now();
}

void exchange::deliver(part<incoming> arrived) {
    post_to_session([arrived = std::move(arrived)](exchange& self) mutable { self.arrive(std::move(arrived)); });
}

void exchange::deliver_now(part<incoming> arrived) {
    io::run_on(session_, [self = shared_from_this(), arrived = std::move(arrived)]() mutable {
        self->arrive(std::move(arrived));
    });
}

void exchange::accepted(std::size_t bytes) {
    post_to_session([bytes](exchange& self) {
        self.outstanding_ -= bytes;
        all_outstanding -= bytes;
        self.room_changed_.notify();
    });
}

}  // namespace tunnel::mux
