#include "faults/response_fault.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "faults/limits.hpp"
#include "io/runtime.hpp"

namespace tunnel::faults {

using protocol::cancel_reason;

namespace {

byte_buffer& body_of(mux::outgoing& sent) {
    return std::visit([](auto& part) -> byte_buffer& { return part.body; }, sent);
}

bool is_end(const mux::outgoing& sent) {
    return std::visit([](const auto& part) { return part.end; }, sent);
}

const http::response_head* head_of(const mux::outgoing& sent) {
    const auto* response = std::get_if<protocol::response>(&sent);
    return response == nullptr ? nullptr : &response->head;
}

}  // namespace

std::shared_ptr<mux::exchange_peer> response_fault::between(std::shared_ptr<mux::exchange_peer> to) {
    to_ = std::move(to);
    return shared_from_this();
}

void response_fault::serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
                           forward to_app) {
    exchange_ = exchange;
    to_app(std::move(exchange), std::move(request));
}

void response_fault::send(mux::part<mux::outgoing> sent) {
    const auto* head = head_of(*sent);
    if (head != nullptr && head->interim()) return to_->send(std::move(sent));
    if (state_ == state::over) return drop(*sent);
    switch (rule_.what) {
        case action::delay:
            return delay(std::move(sent));
        case action::truncate:
            return truncate(std::move(sent));
        default:
            return drop(*sent);
    }
}

// --- delay

void response_fault::delay(mux::part<mux::outgoing> sent) {
    if (state_ == state::passing && head_of(*sent) != nullptr) {
        state_ = state::delaying;
        due_ = io::clock::now() + rule_.time;
        waiting_ = exchange_.lock();
        wait();
    }
    if (state_ == state::passing) return to_->send(std::move(sent));
    // Nothing is accepted meanwhile, so the session reads no more from the app than limits::stream_queue.
    held_.push_back(std::move(sent));
}

void response_fault::wait() {
    const auto left = due_ - io::clock::now();
    timer_.expires_after(std::min<io::clock::duration>(left, limits::tick));
    timer_.async_wait([self = shared_from_this()](io::error_code) { self->look(); });
}

void response_fault::look() {
    if (!waiting_) return;
    if (waiting_->over()) {
        held_.clear();
        state_ = state::over;
        waiting_ = nullptr;
        return;
    }
    if (io::clock::now() < due_ && !waiting_->stop_requested()) return wait();
    release();
}

void response_fault::release() {
    state_ = state::passing;
    const auto kept = std::exchange(waiting_, nullptr);
    for (auto& part : std::exchange(held_, {})) to_->send(std::move(part));
    if (cancel_behind_) to_->cancel_after_sent(*cancel_behind_);
}

void response_fault::cancel(cancel_reason reason) {
    state_ = state::over;
    held_.clear();
    to_->cancel(reason);
}

void response_fault::cancel_after_sent(cancel_reason reason) {
    if (rule_.what == action::drop) return cancel(cancel_reason::reset);
    if (state_ != state::delaying) return to_->cancel_after_sent(reason);
    cancel_behind_ = reason;
}

// --- drop and truncate

void response_fault::end_later(cancel_reason reason, bool after_sent) {
    io::post_to(strand_, [exchange = exchange_.lock(), reason, after_sent] {
        if (!exchange || exchange->over()) return;
        if (after_sent) return exchange->fail_after_sent(mux::failure::none, reason);
        exchange->fail(mux::failure::none, reason);
    });
}

void response_fault::drop(const mux::outgoing& sent) {
    const auto bytes = std::visit([](const auto& part) { return part.body.size(); }, sent);
    if (const auto exchange = exchange_.lock(); exchange && bytes > 0) exchange->accepted(bytes);
    if (state_ == state::over) return;
    // All of the response has come from the app, or never will.
    const auto* head = head_of(sent);
    const auto switched = head != nullptr && head->status == 101;
    if (!is_end(sent) && !switched) return;
    state_ = state::over;
    end_later(cancel_reason::reset, false);
}

void response_fault::truncate(mux::part<mux::outgoing> sent) {
    if (const auto* head = head_of(*sent)) {
        // What has no body cannot be cut: it does not arrive.
        const auto empty = is_end(*sent) && body_of(*sent).empty();
        if (empty || head->status == 101) {
            state_ = state::over;
            end_later(cancel_reason::reset, false);
            return;
        }
        const auto length = head->content_length.value_or(rule_.count + 1);
        left_ = static_cast<std::size_t>(std::min<std::uint64_t>(rule_.count, std::max<std::uint64_t>(length, 1) - 1));
    }
    auto& body = body_of(*sent);
    const auto kept = std::min(body.size(), *left_);
    const auto cut = body.size() - kept;
    *left_ -= kept;
    const auto last = *left_ == 0 || is_end(*sent);
    body.truncate(kept);
    std::visit([](auto& part) { part.end = false; }, *sent);
    to_->send(std::move(sent));
    if (const auto exchange = exchange_.lock(); exchange && cut > 0) exchange->accepted(cut);
    if (!last) return;
    state_ = state::over;
    end_later(cancel_reason::local_reset, true);
}

}  // namespace tunnel::faults
