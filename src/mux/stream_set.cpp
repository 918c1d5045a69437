#include "mux/stream_set.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {

using protocol::errc;

namespace {

struct part_body {
    byte_buffer& body;
    bool end;
    const http::field_list& trailers;
};

part_body body_of(outgoing& sent) {
    return std::visit([](auto& p) { return part_body{p.body, p.end, p.trailers}; }, sent);
}

/// A source that gives single octets must not cost a buffer for each: what fits goes into the part that waits.
bool merge(outgoing& last, outgoing& more) {
    auto* into = std::get_if<protocol::data>(&last);
    auto* from = std::get_if<protocol::data>(&more);
    return into != nullptr && from != nullptr && mux::merge(*into, *from);
}

failure to_failure(protocol::cancel_reason reason) {
    switch (reason) {
        case protocol::cancel_reason::local_reset:
            return failure::local_reset;
        case protocol::cancel_reason::local_timeout:
            return failure::local_timeout;
        case protocol::cancel_reason::protocol:
            return failure::bad_answer;
        case protocol::cancel_reason::shutdown:
            return failure::shutting_down;
        default:
            return failure::tunnel_lost;
    }
}

}  // namespace

stream_set::stream_set(role side, byte_buffer& control, std::function<void()> wake)
    : side_(side), control_(control), wake_(std::move(wake)) {}

void stream_set::start(const protocol::hello& ours, const protocol::hello& theirs) {
    our_window_ = ours.window;
    their_window_ = theirs.window;
    max_streams_ = std::min(ours.max_streams, theirs.max_streams);
    if (ours.raw_bodies && theirs.raw_bodies) form_ = protocol::body_form::raw;
}

bool stream_set::open(const stream& s, part<outgoing> request) {
    if (table_.size() >= max_streams_) return false;
    auto& half = s->at_link;
    half.id = table_.open(s);
    if (half.id == 0) return false;
    half.credit = mux::send_window(their_window_);
    half.window = mux::receive_window(our_window_);
    send(s, std::move(request));
    return true;
}

std::error_code stream_set::check_new(const protocol::request& request) const {
    if (side_ == role::server) return errc::unexpected_message;
    if (table_.state(request.id) != decltype(table_)::lookup::never_opened || request.id == 0)
        return errc::bad_stream_id;
    if (table_.size() >= max_streams_) return errc::bad_stream_id;
    return {};
}

bool stream_set::takes_body_of(const protocol::request& request) const {
    if (request.body.size() > our_window_) return false;
    // Octets ahead of a switch could be taken for another request.
    if (!request.head.upgrade.empty()) return request.body.empty() && request.head.content_length.value_or(0) == 0;
    if (!request.head.content_length) return true;
    const auto declared = *request.head.content_length;
    return request.end ? request.body.size() == declared : request.body.size() <= declared;
}

void stream_set::adopt(const stream& s, const protocol::request& request) {
    auto& half = s->at_link;
    half.id = request.id;
    half.credit = mux::send_window(their_window_);
    half.window = mux::receive_window(our_window_);
    // Without a switch an upgrade request has no body; with one, anything may follow.
    half.expected = request.head.upgrade.empty() ? request.head.content_length : 0;
    [[maybe_unused]] const auto fresh = table_.open_as(request.id, s);
    assert(fresh);
    [[maybe_unused]] const auto fits = take_body(s, request.body.size(), request.end);
    assert(fits);
    if (request.end) finish_remote(s);
}

stream_set::stream* stream_set::find_open(protocol::stream_id id, std::error_code& error) {
    auto* found = table_.find(id);
    if (found == nullptr && table_.state(id) == decltype(table_)::lookup::never_opened) error = errc::bad_stream_id;
    if (found != nullptr && table_.remote_done(id)) return nullptr;  // frames behind the last one are dropped
    return found;
}

void stream_set::refuse(const stream& s) {
    s->deliver(failed{failure::bad_answer});
    cancel(s, protocol::cancel_reason::protocol);
}

bool stream_set::take_body(const stream& s, std::size_t octets, bool end) {
    auto& half = s->at_link;
    auto fits = half.window.receive(octets);
    if (half.expected) {
        fits = fits && octets <= *half.expected;
        if (fits) *half.expected -= octets;
        fits = fits && (!end || *half.expected == 0);
    }
    if (!fits) refuse(s);
    return fits;
}

bool stream_set::takes(const stream& s, const protocol::response& m) {
    auto& half = s->at_link;
    if (half.cancelled) return false;
    const auto interim = m.head.interim();
    if (half.answered || (interim && (m.end || !m.body.empty() || ++half.interim > limits::max_interim))) {
        refuse(s);
        return false;
    }
    if (interim) return true;
    half.answered = true;
    // A head with a length, at its end and without a body, answers HEAD or is a 304.
    if (!(m.end && m.body.empty())) half.expected = m.head.content_length;
    return take_body(s, m.body.size(), m.end);
}

bool stream_set::takes(const stream& s, const protocol::data& m) {
    const auto nothing = m.body.empty() && !m.end;  // costs no credit, so it must cost no memory
    if (s->at_link.cancelled || nothing) return false;
    if (side_ == role::client || s->at_link.answered) return take_body(s, m.body.size(), m.end);
    refuse(s);
    return false;
}

template <class Part>
std::error_code stream_set::handle_part(Part&& m) {
    std::error_code error;
    auto* found = find_open(m.id, error);
    if (found == nullptr) return error;
    const auto s = *found;
    const auto taken = takes(s, m);
    if (m.end) finish_remote(s);
    // Last: the session may go on at once, and open or end streams.
    if (taken) s->hand_over(std::forward<Part>(m));
    return {};
}

std::error_code stream_set::handle(protocol::response&& m) {
    if (side_ == role::client) return errc::unexpected_message;
    return handle_part(std::move(m));
}

std::error_code stream_set::handle(protocol::data&& m) { return handle_part(std::move(m)); }

std::error_code stream_set::handle(const protocol::window& m) {
    std::error_code error;
    auto* found = table_.find(m.id);
    if (found == nullptr) {
        [[maybe_unused]] const auto* none = find_open(m.id, error);
        return error;
    }
    const auto s = *found;
    if (!s->at_link.credit.give(m.bytes)) return errc::credit_overflow;
    if (!s->at_link.queue.empty()) make_ready(s);
    return {};
}

std::error_code stream_set::handle(const protocol::cancel& m) {
    std::error_code error;
    auto* found = table_.find(m.id);
    if (found == nullptr) {
        [[maybe_unused]] const auto* none = find_open(m.id, error);
        return error;
    }
    const auto s = *found;
    // Behind its `end`, a cancel says that the peer takes no more of ours.
    if (!s->at_link.cancelled) {
        s->deliver(failed{to_failure(m.reason)});
        cancel(s, m.reason);  // our last word, so that the stream can go
    }
    finish_remote(s);
    return {};
}

std::error_code stream_set::handle(const protocol::fin& m) {
    if (side_ == role::server) return errc::unexpected_message;
    std::error_code error;
    auto* found = table_.find(m.id);
    if (found == nullptr) {
        [[maybe_unused]] const auto* none = find_open(m.id, error);
        return error;
    }
    auto& half = (*found)->at_link;
    if (!half.cancelled && !std::exchange(half.fin_received, true)) (*found)->deliver(m);
    return {};
}

std::error_code stream_set::handle_bad_body(protocol::stream_id id, bool opens) {
    std::error_code error;
    if (opens && side_ == role::client && table_.open_as(id, nullptr)) {
        append_frame(control_, protocol::cancel{id, protocol::cancel_reason::protocol});
        wake_();
        table_.finish_local(id);
        table_.finish_remote(id);
        return error;
    }
    auto* found = find_open(id, error);
    if (found == nullptr) return error;
    const auto s = *found;
    if (!s->at_link.cancelled) refuse(s);
    finish_remote(s);  // whether it was the last frame cannot be known: what still comes is dropped
    return {};
}

void stream_set::send(const stream& s, part<outgoing> sent) {
    auto& half = s->at_link;
    if (!is_open(s) || half.cancelled || table_.local_done(half.id)) return;
    const auto* response = std::get_if<protocol::response>(&*sent);
    if (response != nullptr && response->head.status == 101) half.expected.reset();
    if (half.queue.empty() || !merge(half.queue.back(), *sent)) half.queue.push(std::move(sent));
    make_ready(s);
}

void stream_set::send_fin(const stream& s) {
    auto& half = s->at_link;
    if (!is_open(s) || half.cancelled || table_.find(half.id) == nullptr) return;
    // It must not overtake the body that it stands behind.
    if (!table_.local_done(half.id)) {
        half.fin_at_end = true;
        return;
    }
    append_frame(control_, protocol::fin{half.id});
    wake_();
}

void stream_set::consumed(const stream& s, std::size_t octets) {
    auto& half = s->at_link;
    if (!is_open(s) || half.cancelled || table_.remote_done(half.id)) return;
    grow_window(s, octets);
    if (const auto credit = half.window.consume(octets); credit > 0) {
        append_frame(control_, protocol::window{half.id, credit});
        wake_();
    }
}

void stream_set::grow_window(const stream& s, std::size_t octets) {
    auto& half = s->at_link;
    half.consumed += octets;
    if (half.consumed < half.window.size()) return;
    const auto now = io::clock::now();
    const auto since = std::exchange(half.consuming_since, now);
    half.consumed = 0;
    if (since == io::clock::time_point()) return;  // the first window began before there was a clock reading
    const auto took = now - since;
    const auto held_up = round_trip_ != io::clock::duration::max() && took < limits::held_up_round_trips * round_trip_;
    const auto size = half.window.size();
    const auto more = std::min<std::uint64_t>(
        {size, limits::max_window - std::min(size, limits::max_window), limits::window_pool - extra_credit_});
    if (!held_up || more == 0) return;
    half.window.grow(size + more);
    extra_credit_ += more;
}

void stream_set::give_back_window(const stream& s) {
    const auto size = std::exchange(s->at_link.window, mux::receive_window(0)).size();
    if (size > our_window_) extra_credit_ -= size - our_window_;
}

void stream_set::cancel(const stream& s, protocol::cancel_reason reason) {
    auto& half = s->at_link;
    if (!is_open(s) || half.cancelled) return;
    half.cancelled = true;
    half.queue.clear();
    if (table_.find(half.id) == nullptr) return;
    if (side_ == role::server && !half.begun) {
        // The peer never heard of it: it must not hear of its end either.
        table_.finish_local(half.id);
        table_.finish_remote(half.id);
        return;
    }
    if (!table_.local_done(half.id) || !table_.remote_done(half.id)) {
        append_frame(control_, protocol::cancel{half.id, reason});
        wake_();
    }
    finish_local(s);
}

void stream_set::cut_short(const stream& s, protocol::cancel_reason reason) {
    if (s->at_link.queue.empty()) return cancel(s, reason);
    s->at_link.cancel_at_end = reason;
}

void stream_set::make_ready(const stream& s) {
    if (s->at_link.ready) return;
    (s->at_link.begun ? ready_ : beginning_).push_back(s);
    s->at_link.ready = true;
    wake_();
}

void stream_set::fill(byte_buffer& out, std::size_t limit, std::size_t shared_slice) {
    while (has_output() && out.size() < limit) {
        write_from(beginning_, out, shared_slice);
        write_from(ready_, out, shared_slice);
    }
}

void stream_set::write_from(std::deque<stream>& queue, byte_buffer& out, std::size_t shared_slice) {
    if (queue.empty()) return;
    const auto s = std::move(queue.front());
    queue.pop_front();
    s->at_link.ready = false;
    if (s->at_link.queue.empty()) return;
    write_next(s, out, has_output() ? shared_slice : limits::body_slice);
}

void stream_set::write_next(const stream& s, byte_buffer& out, std::size_t slice_limit) {
    auto& half = s->at_link;
    auto& sent = half.queue.front();
    const auto [body, part_end, trailers] = body_of(sent);
    const auto left = body.size() - half.offset;
    const auto slice = std::min({left, slice_limit, static_cast<std::size_t>(half.credit.available())});
    const auto is_head = !std::holds_alternative<protocol::data>(sent) && !half.head_written;
    if (slice == 0 && left > 0 && !is_head) return;  // the peer's window frame makes it ready again

    // What came with a request's head was never counted as waiting for room.
    const auto counted = !std::holds_alternative<protocol::request>(sent);
    const auto octets = body.view().substr(half.offset, slice);
    const auto whole = slice == left;
    const auto end = part_end && whole;
    if (!is_head) {
        append_data(out, half.id, octets, end, trailers, form_);
    } else if (const auto* request = std::get_if<protocol::request>(&sent)) {
        append_request(out, half.id, request->head, octets, end, trailers, form_);
    } else {
        append_response(out, half.id, std::get<protocol::response>(sent).head, octets, end, trailers, form_);
    }
    half.begun = true;
    half.head_written = true;
    half.credit.take(slice);
    half.offset += slice;
    if (whole) {
        half.offset = 0;
        half.head_written = false;
        [[maybe_unused]] const auto written = half.queue.pop();
    }
    if (slice > 0 && !end && counted) s->accepted(slice);
    if (!half.queue.empty()) return make_ready(s);
    if (end) return finish_local(s);
    if (!half.cancel_at_end) return;
    // Behind what was written; a control frame would overtake it.
    append_frame(out, protocol::cancel{half.id, *half.cancel_at_end});
    half.cancelled = true;
    finish_local(s);
}

void stream_set::stop_peer(const stream& s) {
    auto& half = s->at_link;
    if (!is_open(s) || half.cancelled || table_.remote_done(half.id)) return;
    if (!table_.local_done(half.id)) {
        half.stop_peer_at_end = true;
        return;
    }
    half.cancelled = true;
    append_frame(control_, protocol::cancel{half.id, protocol::cancel_reason::local_reset});
    wake_();
}

void stream_set::finish_local(const stream& s) {
    if (table_.finish_local(s->at_link.id)) return closed();
    if (s->at_link.cancelled) return;
    if (s->at_link.fin_at_end) send_fin(s);
    if (s->at_link.stop_peer_at_end) stop_peer(s);
}

void stream_set::finish_remote(const stream& s) {
    give_back_window(s);
    if (table_.finish_remote(s->at_link.id)) closed();
}

void stream_set::closed() {
    if (table_.empty()) wake_();  // a link that is leaving waits for this
}

void stream_set::fail_all(failure why) {
    beginning_.clear();
    ready_.clear();
    table_.for_each([&](protocol::stream_id id, const stream& s) {
        auto& half = s->at_link;
        half.cancelled = true;
        half.queue.clear();
        give_back_window(s);
        if (half.told_of_failure || (table_.remote_done(id) && table_.local_done(id))) return;
        s->deliver(failed{why});
        half.told_of_failure = true;
    });
    table_.clear();
}

}  // namespace tunnel::mux
