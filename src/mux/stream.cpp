#include "mux/stream.hpp"

#include <algorithm>
#include <utility>

#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {

namespace {

struct part_body {
    byte_buffer& body;
    bool end;
    const http::field_list& trailers;
};

part_body body_of(outgoing& sent) {
    return std::visit([](auto& p) { return part_body{p.body, p.end, p.trailers}; }, sent);
}

/// A source that gives single bytes must not cost a buffer for each: what fits goes into the part that waits.
bool merge_parts(outgoing& last, outgoing& more) {
    auto* into = std::get_if<protocol::data>(&last);
    auto* from = std::get_if<protocol::data>(&more);
    return into != nullptr && from != nullptr && merge(*into, *from);
}

failure to_failure(protocol::cancel_reason reason) {
    switch (reason) {
        case protocol::cancel_reason::local_reset:
            return failure::local_reset;
        case protocol::cancel_reason::local_timeout:
            return failure::local_timeout;
        case protocol::cancel_reason::protocol:
            return failure::bad_response;
        case protocol::cancel_reason::shutdown:
            return failure::shutting_down;
        case protocol::cancel_reason::reset:
            return failure::reset;
        default:
            return failure::cancelled;
    }
}

}  // namespace

stream::stream(std::shared_ptr<stream_host> host, protocol::stream_id id, std::uint64_t send_credit,
               std::uint64_t receive_window)
    : host_(std::move(host)),
      id_(id),
      receiving_(host_->side() == role::server ? receive_state::head : receive_state::body),
      credit_(send_credit),
      window_(receive_window),
      first_window_(receive_window) {}

std::shared_ptr<exchange> stream::make_exchange(const io::executor& session) {
    exchange_ = io::make_recycled<exchange>(session, shared_from_this(), id_);
    return exchange_;
}

template <class Function>
void stream::on_link(Function run) {
    io::run_on(host_->strand(), [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

// --- the session's strand

void stream::send(part<outgoing> sent) {
    on_link([sent = std::move(sent)](stream& s) mutable { s.enqueue(std::move(sent)); });
}

void stream::send_fin() {
    on_link([](stream& s) { s.write_fin(); });
}

void stream::consumed(std::size_t bytes) {
    on_link([bytes](stream& s) { s.give_credit(bytes); });
}

void stream::cancel(protocol::cancel_reason reason) {
    // Of what a session judges, HTTP is all that a peer can break (docs/protocol.md, section 7).
    const auto broken = reason == protocol::cancel_reason::protocol;
    const std::string_view rule = broken ? "the message is not valid HTTP, or not allowed here" : "";
    on_link([reason, rule](stream& s) { s.end_now(reason, rule); });
}

void stream::cancel_after_sent(protocol::cancel_reason reason) {
    on_link([reason](stream& s) {
        if (s.queue_.empty()) return s.end_now(reason);
        s.cancel_at_end_ = reason;
    });
}

void stream::stop_peer() {
    on_link([](stream& s) { s.write_stop(); });
}

// --- what this side sends

void stream::open(part<outgoing> request) { enqueue(std::move(request)); }

void stream::enqueue(part<outgoing> sent) {
    if (sent_all()) return;
    const auto* response = std::get_if<protocol::response>(&*sent);
    // Behind a switch of protocols, any number of bytes may follow the request.
    if (response != nullptr && response->head.status == 101) expected_.reset();
    if (queue_.empty() || !merge_parts(queue_.back(), *sent)) queue_.push(std::move(sent));
    make_ready();
}

void stream::make_ready() {
    if (std::exchange(in_ring_, true)) return;
    host_->make_ready(shared_from_this(), !begun());
    host_->wake();
}

void stream::write_next(byte_buffer& out, std::size_t slice_limit) {
    in_ring_ = false;
    if (queue_.empty()) return;
    auto& sent = queue_.front();
    const auto [body, part_end, trailers] = body_of(sent);
    const auto left = body.size() - written_;
    const auto slice = std::min({left, slice_limit, static_cast<std::size_t>(credit_.available())});
    const auto is_head = !std::holds_alternative<protocol::data>(sent) && !front_head_written_;
    if (slice == 0 && left > 0 && !is_head) return;  // the peer's window frame makes it ready again

    // What came with a request's head was never counted as waiting for room.
    const auto counted = !std::holds_alternative<protocol::request>(sent);
    const auto whole = slice == left;
    const auto end = part_end && whole;
    append(out, sent, body.view().substr(written_, slice), end);
    if (sending_ == send_state::waiting) {
        sending_ = send_state::begun;
        const auto widens = host_->side() == role::server && window_.size() == limits::initial_window;
        if (widens && host_->far()) append_wider_window(out, limits::body_window);
    }
    front_head_written_ = true;
    credit_.take(slice);
    written_ += slice;
    if (whole) front_written();
    if (slice > 0 && !end && counted) exchange_->accepted(slice);
    if (!queue_.empty()) return make_ready();
    if (end) return finish_sending(send_state::ended);
    if (!cancel_at_end_) return;
    // Among the bodies, because a control frame would overtake what was written before it.
    append_frame(out, protocol::cancel{id_, *cancel_at_end_});
    finish_sending(send_state::cancelled);
}

void stream::append(byte_buffer& out, const outgoing& sent, std::string_view body, bool end) {
    const auto form = host_->form();
    if (const auto* data = std::get_if<protocol::data>(&sent)) {
        append_data(out, id_, body, end, data->trailers, form);
        return;
    }
    const auto& trailers = std::visit([](const auto& p) -> const auto& { return p.trailers; }, sent);
    if (front_head_written_) {
        append_data(out, id_, body, end, trailers, form);
    } else if (const auto* request = std::get_if<protocol::request>(&sent)) {
        append_request(out, id_, request->head, body, end, trailers, form, request->from);
    } else {
        append_response(out, id_, std::get<protocol::response>(sent).head, body, end, trailers, form);
    }
}

void stream::front_written() {
    written_ = 0;
    front_head_written_ = false;
    [[maybe_unused]] const auto done = queue_.pop();
}

void stream::write_fin() {
    if (cancelled() || closed()) return;
    // It must not overtake the body that it follows.
    if (!sent_all()) {
        after_end_ = after_end::fin;
        return;
    }
    append_frame(host_->control(), protocol::fin{id_});
    host_->wake();
}

void stream::write_stop() {
    if (cancelled() || received_all()) return;
    if (!sent_all()) {
        after_end_ = after_end::stop;
        return;
    }
    append_frame(host_->control(), protocol::cancel{id_, protocol::cancel_reason::local_reset});
    sending_ = send_state::cancelled;
    host_->wake();
}

void stream::end_now(protocol::cancel_reason reason, std::string_view detail) {
    if (cancelled() || closed()) return;
    queue_.clear();
    if (host_->side() == role::server && !begun()) {
        // The client does not know the stream: nothing of it was written, so no cancel may be.
        sending_ = send_state::cancelled;
        return finish_receiving();
    }
    append_frame(host_->control(), protocol::cancel{id_, reason, std::string(detail)});
    host_->wake();
    finish_sending(send_state::cancelled);
}

void stream::finish_sending(send_state last) {
    sending_ = last;
    if (closed()) return close_if_done();
    if (last == send_state::cancelled) return;
    const auto then = std::exchange(after_end_, after_end::nothing);
    if (then == after_end::fin) write_fin();
    if (then == after_end::stop) write_stop();
}

// --- what arrives

void stream::opened_by(const protocol::request& request) {
    // Until a switch of protocols, a request that asks for one has no more than its declared body.
    expected_ = request.head.content_length;
    if (!request.head.upgrade.empty()) expected_ = request.head.content_length.value_or(0);
    [[maybe_unused]] const auto fits = window_.receive(request.body.size());
    if (expected_) *expected_ -= request.body.size();
    if (request.end) {
        receiving_ = receive_state::ended;
    } else {
        widen_window();
    }
}

template <class Part>
void stream::take_part(Part&& m) {
    if (received_all()) return;
    const auto session = exchange_;
    const auto accepted = accept(m);
    if (m.end) finish_receiving();
    // Last, because the session may go on at once, and open or end streams.
    if (accepted) session->deliver_now(std::forward<Part>(m));
}

void stream::take(protocol::response&& m) { take_part(std::move(m)); }
void stream::take(protocol::data&& m) { take_part(std::move(m)); }

bool stream::accept(const protocol::response& m) {
    if (cancelled()) return drop(m.body.size());
    if (receiving_ != receive_state::head) return refuse("a final `response` came before");
    if (m.head.interim()) {
        if (m.end || !m.body.empty()) return refuse("an interim `response` must have neither a body nor `end`");
        return ++interim_ <= limits::max_interim || refuse("more than 32 interim responses");
    }
    receiving_ = receive_state::body;
    // A head with a length, at its end and without a body, responds to HEAD.
    const auto to_head = m.end && m.body.empty();
    if (!to_head && m.head.declares_body()) expected_ = m.head.content_length;
    return accept_body(m.body.size(), m.end);
}

bool stream::accept(const protocol::data& m) {
    const auto nothing = m.body.empty() && !m.end;  // costs no credit, so it must cost no memory
    if (cancelled() || nothing) return drop(m.body.size());
    if (receiving_ == receive_state::body) return accept_body(m.body.size(), m.end);
    return refuse("`data` came before the final `response`");
}

bool stream::drop(std::size_t bytes) noexcept {
    // Counted, so that no more than what was in flight passes for a body (stream_set::body_on_wire).
    [[maybe_unused]] const auto fits = window_.receive(bytes);
    return false;
}

bool stream::accept_body(std::size_t bytes, bool end) {
    if (!window_.receive(bytes)) return refuse("more body than credit");
    if (expected_) {
        if (bytes > *expected_) return refuse("more body than `content_length`, or body ahead of a 101");
        *expected_ -= bytes;
        if (end && *expected_ > 0) return refuse("less body than `content_length`");
    }
    if (!end) widen_window();
    return true;
}

bool stream::refuse(std::string_view rule) {
    if (cancelled() || !exchange_) return false;
    exchange_->deliver(failed{failure::bad_response});
    end_now(protocol::cancel_reason::protocol, rule);
    return false;
}

bool stream::take(const protocol::window& m) {
    if (sent_all()) return true;  // it crossed with this side's last frame
    if (!credit_.give(m.bytes)) return false;
    if (!queue_.empty()) make_ready();
    return true;
}

void stream::take(const protocol::cancel& m) {
    if (!cancelled()) {
        exchange_->deliver(failed{to_failure(m.reason)});
        queue_.clear();
        // Behind this side's end, a cancel says only that the peer takes no more, and needs no reply.
        if (!sent_all()) {
            append_frame(host_->control(), protocol::cancel{id_, m.reason});
            host_->wake();
        }
        sending_ = send_state::cancelled;
    }
    finish_receiving();
}

void stream::take(const protocol::fin& m) {
    if (cancelled()) return;
    if (!received_all()) return take_unreadable("`fin` came before the end of the request");
    if (!std::exchange(fin_received_, true)) exchange_->deliver(m);
}

void stream::take_unreadable(std::string_view rule) {
    if (received_all()) return;
    refuse(rule);
    finish_receiving();  // whether the frame was the last one cannot be known
}

void stream::fail(failure why) {
    queue_.clear();
    const auto session = std::exchange(exchange_, nullptr);
    const auto was_closed = closed();
    sending_ = send_state::cancelled;
    receiving_ = receive_state::ended;
    host_->return_credit(window_.size() - std::min(window_.size(), first_window_));
    if (!was_closed && session) session->deliver(failed{why});
}

void stream::notify_stopping() {
    if (exchange_ && !cancelled()) exchange_->deliver(stopping{});
}

void stream::cut_short() {
    if (cancel_at_end_ && !queue_.empty()) end_now(*cancel_at_end_);
}

void stream::finish_receiving() {
    if (received_all()) return close_if_done();
    receiving_ = receive_state::ended;
    host_->return_credit(window_.size() - std::min(window_.size(), first_window_));
    first_window_ = window_.size();
    close_if_done();
}

void stream::close_if_done() {
    if (!closed() || !exchange_) return;
    exchange_ = nullptr;
    host_->closed(id_);
}

// --- credit

void stream::give_credit(std::size_t bytes) {
    if (cancelled() || received_all()) return;
    grow_window(bytes);
    if (const auto credit = window_.consume(bytes); credit > 0) {
        append_frame(host_->control(), protocol::window{id_, credit});
        host_->wake();
    }
}

void stream::widen_window() {
    std::uint64_t wanted = limits::body_window;
    if (expected_ && host_->far()) wanted = std::clamp(*expected_, wanted, host_->declared_window());
    const auto size = window_.size();
    const auto first = size == limits::initial_window || size == limits::body_window;
    if (!first || size >= wanted) return;  // it was widened before
    const auto available = window_.available();
    const auto longer = expected_ ? *expected_ > available : available < limits::initial_window / 2;
    if (!longer) return;
    append_wider_window(host_->control(), wanted);
    host_->wake();
}

void stream::append_wider_window(byte_buffer& out, std::uint64_t wanted) {
    window_.grow(window_.size() + host_->lend_credit(wanted - window_.size()));
    const auto credit = window_.consume(0);
    if (credit > 0) append_frame(out, protocol::window{id_, credit});
}

void stream::grow_window(std::size_t bytes) {
    drained_ += bytes;
    if (drained_ < window_.size()) return;
    const auto now = io::clock::now();
    const auto since = std::exchange(draining_since_, now);
    drained_ = 0;
    if (since == io::clock::time_point()) return;  // the first window began before the clock was read
    const auto size = window_.size();
    const auto grown = std::clamp<std::uint64_t>(size * limits::window_growth, size,
                                                 std::max<std::uint64_t>(size, limits::max_window));
    const auto wanted = grown - size;
    if (const auto more = host_->borrow_credit(wanted, now - since); more > 0) window_.grow(size + more);
}

}  // namespace tunnel::mux
