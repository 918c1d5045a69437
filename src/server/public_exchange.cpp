#include "server/public_exchange.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/statistics.hpp"
#include "http/forwarded_fields.hpp"
#include "io/spawn.hpp"
#include "proxy/error_response.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

using http::body_kind;
using mux::failure;
using protocol::cancel_reason;

public_exchange::public_exchange(std::shared_ptr<caller_connection> on, std::shared_ptr<client_slot> slot,
                                 const options& settings, http::received_request& request)
    : on_(std::move(on)),
      slot_(std::move(slot)),
      settings_(settings),
      request_(request),
      method_(request_.head.method),
      target_(request_.head.target),
      accepts_html_(proxy::prefers_html(request_.head.fields.find("Accept"))),
      upgrade_(request_.head.upgrade),
      id_(request_.head.fields.find(request_id_field)),
      started_(io::clock::now()) {}

io::awaitable<void> public_exchange::run() {
    on_->keep_open = on_->keep_open && request_.keep_alive;
    protocol::request message;
    if (!may_forward(message)) {
        on_->unread = !decoder_.done();
        if (!final_recipient_) {
            co_await respond(refusal_ ? failure::bad_request : failure::loop, refusal_);
            co_return;
        }
        on_->keep_open = on_->keep_open && !on_->unread;
        co_await write_own(std::move(final_recipient_->head), std::move(final_recipient_->body));
        log();
        co_return;
    }
    forward(std::move(message));
    while (opening_ == opening::pending) co_await opening_ended_.wait();
    if (opening_ == opening::refused) {
        co_await respond(refused_why_);
    } else {
        auto next = after::wait;
        while (next != after::end) {
            while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
            const auto arrived = exchange_->take();
            protocol::data first;
            auto* const part = accept(*arrived, first, next);
            if (part != nullptr) {
                io::error_code error;
                if (!writer_.write_now(on_->output, part->body.view(), part->end, part->trailers, error)) {
                    if (output_ == output::cut_off) on_->socket->abort();
                    if (output_ == output::ready) output_ = output::waits;
                    error = co_await writer_.finish(on_->output);
                }
                if (!part_written(*part, error)) break;
            } else if (next == after::interim) {
                co_await write_interim(std::get<protocol::response>(*arrived));
            }
        }
        if (failed_ != failure::none) co_await respond(failed_, refusal_);
        if (upload_ != upload::none) co_await finish_upload();
        exchange_->on_incoming(nullptr);
        exchange_ = nullptr;  // what was sent still leaves
    }
    on_->unread = !decoder_.done();
    if (on_->unread) on_->keep_open = false;
    on_->deadline.clear();
    on_->socket->on_input(nullptr);
}

void public_exchange::abandon() {
    on_->socket->on_input(nullptr);
    if (!exchange_) return;
    exchange_->on_incoming(nullptr);
    exchange_->cancel(cancel_reason::other);
}

// --- the request

bool public_exchange::may_forward(protocol::request& message) {
    decoder_ = http::make_decoder(request_);
    message.body = proxy::take_buffered_body(*on_->socket, decoder_, refusal_);
    check_body_size(message.body.size());
    if (method_.size() > limits::max_method) refusal_ = {501, "the method is longer than any that exists"};
    if (upgrade_.size() > limits::max_upgrade) refusal_ = {400, "the Upgrade field is too long"};
    if (refusal_ || http::has_own_via(request_.head.fields, settings_.via_name)) return false;
    final_recipient_ = apply_max_forwards(request_.head);
    return !final_recipient_;
}

void public_exchange::forward(protocol::request&& message) {
    if (!on_->trusted) http::remove_forwarded_fields(request_.head);
    if (settings_.forwarded_headers)
        http::add_forwarded_fields(request_.head, request_.minor, settings_.via_name, on_->address);
    message.from = {on_->number, on_->peer};
    message.head = std::move(request_.head);
    // A chunked body stays recognisable as one only if it is not empty or comes in frames of its own.
    const auto empty_chunked = request_.body == body_kind::chunked && message.body.empty();
    message.end = decoder_.done() && upgrade_.empty() && !empty_chunked;
    if (message.end) message.trailers = std::move(decoder_.trailers());
    const auto whole = message.end || (!upgrade_.empty() && decoder_.done());
    if (!whole) {
        const auto waits = request_.expects_continue && !decoder_.done() && message.body.empty();
        upload_ = waits ? upload::awaits_continue : upload::running;
    }
    on_->socket->on_input([this] { input_changed(); });
    set_deadline(waiting_for::response);
    slot_->open(shared_from_this(), std::move(message));
}

void public_exchange::opened(std::shared_ptr<mux::exchange> exchange, std::weak_ptr<tunnel_session> by) {
    exchange_ = std::move(exchange);
    stream_ = exchange_->id();
    sent_to_ = std::move(by);
    opening_ = opening::opened;
    begin_upload();
    opening_ended_.notify();
}

void public_exchange::refused(failure why) {
    refused_why_ = why;
    opening_ = opening::refused;
    upload_ = upload::none;
    opening_ended_.notify();
}

void public_exchange::begin_upload() {
    if (upload_ == upload::none) return watch_caller();
    if (decoder_.done()) {
        upload_ = upload::none;
        protocol::data last;
        last.end = true;
        last.trailers = std::move(decoder_.trailers());
        exchange_->send(std::move(last));
        return watch_caller();
    }
    auto relay = [self = shared_from_this()]() -> io::awaitable<void> { return self->relay_request_body(); };
    io::spawn(strand(), "upload", std::move(relay),
              [self = shared_from_this()](bool by_exception) { self->upload_over(by_exception); });
}

// Without its body the request would wait for the time limits of the app and the caller.
void public_exchange::upload_over(bool by_exception) {
    upload_ = upload::none;
    if (by_exception) {
        on_->keep_open = false;
        exchange_->fail(failure::internal_error, cancel_reason::other);
    }
    upload_ended_.notify();
}

io::awaitable<void> public_exchange::relay_request_body() {
    auto waiting = [this](bool for_caller) {
        const auto switched = response_ == progress::switched;
        if (for_caller && !switched && upload_ != upload::awaits_continue) return set_deadline(waiting_for::body);
        if (response_ == progress::awaited) return set_deadline(waiting_for::response);
        if (switched) return ends_by_drain() ? void() : on_->deadline.clear();
        set_deadline(waiting_for::body);  // the response is out: an app that reads no further holds nothing up
    };
    auto moved = [this](byte_buffer& body) {
        if (upload_ == upload::awaits_continue) upload_ = upload::running;
        check_body_size(body.size());
        if (websocket_) websocket_->to_app.pass(body);
        if (refusal_) exchange_->fail(failure::bad_request, cancel_reason::too_large);
    };
    // Behind the body of a request that asks for a switch, the other protocol may follow.
    auto ends = [this] { return upgrade_.empty() || response_ == progress::switched; };
    const auto result = co_await proxy::relay_body(*on_->socket, decoder_, *exchange_, std::move(waiting),
                                                   std::move(moved), std::move(ends));
    relay_ended(result);
}

void public_exchange::relay_ended(proxy::relay_result result) {
    switch (result) {
        case proxy::relay_result::complete:
            upload_ = upload::none;  // from here on, a FIN is a half-close
            if (!upgrade_.empty() && response_ == progress::head_written) end_request();
            if (response_ != progress::switched) watch_caller();
            break;
        case proxy::relay_result::cut_short:
            caller_gone();
            break;
        case proxy::relay_result::bad_body:
            refusal_ = {400, "the request body's chunked framing is wrong"};
            exchange_->fail(failure::bad_request, cancel_reason::caller_gone);
            break;
        case proxy::relay_result::over:
            break;
    }
    if (response_ == progress::awaited) return;
    if (!ends_by_drain()) on_->deadline.clear();
}

void public_exchange::check_body_size(std::size_t more) {
    request_bytes_ += more;
    const auto switched = response_ == progress::switched;
    const auto expected = std::max(request_bytes_, switched ? 0 : request_.head.content_length.value_or(0));
    if (settings_.max_body_bytes == 0 || switched || expected <= settings_.max_body_bytes) return;
    if (refusal_.status != 413) program_statistics().reached(bound::max_body_bytes);
    refusal_ = {413, "the request body is larger than this server takes"};
}

// A request that asked for a switch of protocols, and got another response, ends where its body did.
void public_exchange::end_request() {
    protocol::data last;
    last.end = true;
    exchange_->send(std::move(last));
}

// The rest of the body still goes to the app, unless it is not wanted.
io::awaitable<void> public_exchange::finish_upload() {
    set_deadline(waiting_for::body);
    // Given the response instead of 100, the caller may well send no body: nothing else can be read from it.
    if (upload_ == upload::awaits_continue) exchange_->cancel(cancel_reason::caller_gone);
    auto stop_upload = [this] {
        if (exchange_->over()) on_->socket->interrupt_read();
    };
    stop_upload();
    exchange_->on_incoming(std::move(stop_upload));
    while (upload_ != upload::none) co_await upload_ended_.wait();
}

// --- the caller while its response is awaited

void public_exchange::watch_caller() {
    // The same read that waits for the next request sees a caller that leaves.
    on_->socket->watch();
    if (on_->socket->at_end()) input_changed();
}

void public_exchange::input_changed() {
    auto& socket = *on_->socket;
    if (upload_ != upload::none || response_ == progress::switched || !exchange_) return;
    if (!socket.at_end()) return socket.watch();  // pipelined; what matters comes behind it
    if (socket.read_error()) return caller_gone();
    // A half-close after a complete request is not an abort (RFC 9112 section 9.6): it is passed on to the app, which
    // decides. It belongs to the last of the requests that were sent at once.
    if (socket.buffered().empty() && !std::exchange(fin_sent_, true)) exchange_->send_fin();
}

void public_exchange::caller_gone() {
    on_->keep_open = false;
    exchange_->fail(failure::none, cancel_reason::caller_gone);
}

void public_exchange::set_deadline(waiting_for what) {
    waiting_for_ = what;
    if (websocket_ && websocket_->ending) return;
    if (ends_by_drain()) return on_->deadline.set(limits::drain_quiet_time);
    on_->deadline.set(what == waiting_for::body ? settings_.body_timeout : settings_.response_timeout);
}

void public_exchange::deadline_expired() {
    if (!exchange_) return;
    if (ends_by_drain()) return end_endless();
    if (waiting_for_ == waiting_for::response)
        return exchange_->fail(failure::local_timeout, cancel_reason::local_timeout);
    refusal_ = {408, "the request body stalled"};
    on_->socket->interrupt_read();
    exchange_->fail(failure::bad_request, cancel_reason::caller_gone);
}

// --- the end of the server

void public_exchange::stop(bool now) {
    if (!exchange_) return;
    if (now) return exchange_->fail(failure::shutting_down, cancel_reason::shutdown);
    if (!ends_by_itself()) end_endless();
}

bool public_exchange::ends_by_drain() const noexcept { return on_->stopping && !ends_by_itself(); }

bool public_exchange::ends_by_itself() const noexcept {
    if (response_ == progress::awaited) return true;
    if (response_ == progress::switched || event_stream_) return false;
    return kind_ == body_kind::length || kind_ == body_kind::none;
}

void public_exchange::end_endless() {
    if (websocket_ && !std::exchange(websocket_->ending, true)) return close_websocket();
    const auto quiet = io::clock::now() - moved_;
    const auto endless = response_ == progress::switched || event_stream_;
    if (endless || quiet >= limits::drain_quiet_time) {
        exchange_->fail(failure::shutting_down, cancel_reason::shutdown);
        if (std::exchange(output_, output::cut_off) == output::waits) on_->socket->abort();
        return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limits::drain_quiet_time - quiet);
    on_->deadline.set(left + std::chrono::milliseconds(1));
}

// Sends a Close frame to both ends. Their own Close frames, and the end of their connections, are relayed as before.
void public_exchange::close_websocket() {
    on_->deadline.set(settings_.websocket_close_time);
    exchange_->deliver(mux::stopping{});  // in its place behind what has arrived
    spdlog::debug("caller connection {}: closing its WebSocket, both ends get a Close frame", on_->number);
    if (upload_ != upload::running) return;
    protocol::data close;
    close.body.append(websocket_->to_app.end());
    if (!close.body.empty()) exchange_->send(std::move(close));
}

void public_exchange::log(std::string_view note) const {
    request_line line;
    line.method = method_;
    line.target = target_;
    line.status = status_;
    line.took = io::clock::now() - started_;
    line.body_bytes = body_bytes_;
    line.request_bytes = request_bytes_;
    line.note = note;
    line.caller = on_->peer;
    line.id = id_;
    line.connection = on_->number;
    line.number = stream_ != 0 ? stream_ : slot_->next_number();
    log_request(line);
}

}  // namespace tunnel::server
