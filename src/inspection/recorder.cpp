#include "inspection/recorder.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "inspection/head_text.hpp"
#include "inspection/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspection {

using inspector::message_direction;
using inspector::record;
using inspector::record_state;
using mux::failure;

namespace {

/// The address without its port, and without the brackets of IPv6.
std::string host_of_peer(std::string_view peer) {
    peer = peer.substr(0, peer.rfind(':'));
    if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
    return std::string(peer);
}

bool is_event_stream(const http::field_list& fields) {
    constexpr std::string_view type = "text/event-stream";
    const auto coding = fields.find("Content-Encoding");
    return iequals(fields.find("Content-Type").substr(0, type.size()), type) &&
           (coding.empty() || iequals(coding, "identity"));
}

}  // namespace

void recorded_body::append(std::string_view bytes) {
    const auto room = cut_ ? 0 : cap_ - static_cast<std::size_t>(std::min<std::uint64_t>(copy_.length(), cap_));
    const auto kept = std::min(room, bytes.size());
    if (kept > 0 && !owner_.hold(kept)) {
        cut_ = true;
        copy_.keep_no_more();
        owner_.note_cut_body();
    } else {
        held_ += kept;
    }
    copy_.append(bytes);
}

inspector::body_copy recorded_body::so_far() const {
    if (copy_.length() <= limits::progress_body) return copy_.copy();
    inspector::body_copy length_alone;
    length_alone.length = copy_.length();
    return length_alone;
}

recorder::recorder(capture& owner, const protocol::request& request, replay_of replay)
    : owner_(owner),
      request_body_(owner, owner.settings().body_bytes),
      response_body_(owner, owner.settings().body_bytes),
      when_finished_(std::move(replay.finished)) {
    const auto is_replay = replay.parent != 0;
    auto beginning = std::make_shared<captured_beginning>();
    record_.id = owner.records().next_id();
    record_.parent = replay.parent;
    if (replay.edited) record_.labels.emplace_back(edited_replay);
    record_.origin = is_replay ? inspector::record_origin::replay : inspector::record_origin::live;
    record_.arrived = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
    if (!is_replay) beginning->caller = host_of_peer(request.from.caller);
    beginning->public_url = is_replay ? replay.public_url : public_url_of(request.head);
    beginning->app = is_replay ? replay.app : owner.settings().app;
    beginning->method = request.head.method;
    beginning->target = request.head.target;
    beginning->raw_received = head_text(request);
    beginning_ = std::move(beginning);
    request_body_.append(request.body.view());
    request_whole_ = request.end;
    if (request.end) record_.request.trailers = to_lines(request.trailers);
    put_pending();
}

recorder::~recorder() {
    guard([this] { finish(failure::none, !response_whole_); });
}

template <class Function>
void recorder::guard(Function run) noexcept {
    try {
        if (!finished_) run();
    } catch (const std::exception&) {
        finished_ = true;
        owner_.note_dropped();
    }
}

inspector::duration recorder::now() const {
    return std::chrono::duration_cast<inspector::duration>(clock::now() - arrived_);
}

void recorder::started(const protocol::request& request, std::string_view app_host) {
    guard([&] {
        record_.phases.queued = now();
        head_to_app_ = head_text(request, app_host);
    });
}

bool recorder::has_label(std::string_view label) const {
    return std::ranges::find(record_.labels, label) != record_.labels.end();
}

void recorder::labelled(std::string_view label) {
    guard([&] {
        if (has_label(label)) return;
        record_.labels.emplace_back(label);
        put_pending();
    });
}

void recorder::app_missed() { owner_.note_reached(app_reached::no); }

void recorder::head_written(std::string_view head) {
    guard([&] {
        record_.phases.connected = now();
        record_.request.raw_sent = head;
        owner_.note_reached(app_reached::yes);
    });
}

void recorder::request_part(const protocol::data& part) {
    guard([&] {
        if (messages_) return add_messages(message_direction::from_caller, part.body.view());
        request_body_.append(part.body.view());
        if (part.end) {
            request_whole_ = true;
            record_.request.trailers = to_lines(part.trailers);
        }
        put_progress();
    });
}

void recorder::request_written() {
    guard([this] {
        if (response_ != response::switched) record_.phases.sent = now();
    });
}

void recorder::app_head(std::string_view raw, bool interim) {
    guard([&] {
        if (interim) {
            record_.response.interim.push_back({0, std::string(raw)});
            return;
        }
        record_.phases.first_byte = now();
        record_.response.raw_head = raw;
    });
}

void recorder::response_part(const mux::outgoing& part) {
    guard([&] {
        if (const auto* head = std::get_if<protocol::response>(&part)) {
            if (head->head.interim()) {
                auto& interim = record_.response.interim;
                if (interim.empty() || interim.back().status != 0) interim.push_back({0, head_text(head->head)});
                interim.back().status = static_cast<int>(head->head.status);
                return;
            }
            begin_response(*head);
            add_response(head->body.view(), head->end, head->trailers);
            if (!head->end) put_pending();
        } else if (const auto* data = std::get_if<protocol::data>(&part)) {
            add_response(data->body.view(), data->end, data->trailers);
            put_progress();
        }
    });
}

void recorder::begin_response(const protocol::response& message) {
    auto& kept = record_.response;
    // A head that the app sent, and that was refused, is not the head of this response.
    const auto own = kept.raw_head.empty() || message.head.fields.contains("X-Tunnel-Error");
    response_ = own ? response::own : response::from_app;
    kept.status = static_cast<int>(message.head.status);
    if (own) kept.raw_head = head_text(message.head);
    if (own) record_.outcome = message.head.fields.find("X-Tunnel-Error");
    if (message.head.status == 101) {
        response_ = response::switched;
        if (iequals(message.head.upgrade, "websocket")) {
            messages_.emplace(inspector::agreed_deflate(inspector::fields_of_head(kept.raw_head)));
        }
    } else if (is_event_stream(message.head.fields)) {
        events_.emplace();
    }
}

void recorder::add_response(std::string_view bytes, bool end, const http::field_list& trailers) {
    if (messages_) {
        add_messages(message_direction::from_app, bytes);
    } else {
        response_body_.append(bytes);
    }
    if (events_ && !bytes.empty()) {
        record part;
        part.events = events_->feed(bytes, now());
        part.messages_dropped = record_.messages_dropped = events_->dropped();
        if (!part.events.empty()) put_part(std::move(part));
    }
    if (!end) return;
    response_whole_ = true;
    record_.response.trailers = to_lines(trailers);
    record_.phases.last_byte = now();
}

void recorder::add_messages(message_direction from, std::string_view bytes) {
    if (bytes.empty()) return;
    record part;
    part.messages = messages_->feed(from, bytes, now());
    part.messages_dropped = record_.messages_dropped = messages_->dropped();
    if (!part.messages.empty()) put_part(std::move(part));
}

void recorder::put_part(record part) {
    part.id = record_.id;
    owner_.records().append(std::make_shared<const record>(std::move(part)));
}

void recorder::put_pending() {
    shown_ = clock::now();
    auto pending = record_;
    pending.request.body = request_body_.so_far();
    pending.response.body = response_body_.so_far();
    owner_.records().put(std::make_shared<captured_record>(beginning_, std::move(pending), head_to_app_, nullptr));
}

void recorder::put_progress() {
    if (!response_whole_ && clock::now() - shown_ >= limits::progress_interval) put_pending();
}

void recorder::cancelled(protocol::cancel_reason reason) {
    if (!cancelled_) cancelled_ = reason;
}

void recorder::ended(failure why, bool caller_left) {
    guard([&] { finish(why, caller_left); });
}

void recorder::judge(failure why, bool caller_left) {
    record_.state = record_state::complete;
    if (response_ == response::own && !record_.outcome.empty()) {
        record_.state = record_state::failed;
        // Our 502 followed from the caller's end, and so it is the caller's end that the record names.
        if (has_label(client::caller_closed_first)) record_.outcome = client::caller_closed_first;
    } else if (cancelled_ == protocol::cancel_reason::local_timeout) {
        record_.state = record_state::failed;
        record_.outcome = to_string(failure::local_timeout);
    } else if (cancelled_ == protocol::cancel_reason::reset) {
        record_.state = record_state::aborted;
        record_.outcome = to_string(failure::reset);
    } else if (cancelled_ == protocol::cancel_reason::shutdown) {
        record_.state = record_state::aborted;
        record_.outcome = "shutting-down";
    } else if (why != failure::none && !caller_left) {
        record_.state = response_ == response::none ? record_state::failed : record_state::aborted;
        record_.outcome = to_string(why);
    } else if (!response_whole_) {
        record_.state = record_state::aborted;
        record_.outcome = "caller-gone";
    }
    const auto has_body = response_ != response::switched;
    if (!request_whole_ && has_body) record_.labels.emplace_back(incomplete_request);
}

void recorder::finish(failure why, bool caller_left) {
    finished_ = true;
    judge(why, caller_left);
    if (!record_.phases.last_byte || record_.state != record_state::complete) record_.phases.last_byte = now();
    record_.request.body = request_body_.take();
    record_.response.body = response_body_.take();
    const auto last = std::make_shared<captured_record>(beginning_, std::move(record_), std::move(head_to_app_),
                                                        owner_.settings().judge);
    const auto whole = when_finished_ ? last->finish() : nullptr;
    owner_.records().put(last);
    if (whole) when_finished_(whole);
}

}  // namespace tunnel::inspection
