#include <utility>

#include "base/statistics.hpp"
#include "http/head_writer.hpp"
#include "http/writable.hpp"
#include "proxy/error_response.hpp"
#include "server/public_exchange.hpp"
#include "server/response_framing.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

/// The response half of public_exchange: what the client sends becomes HTTP to the caller.
namespace tunnel::server {

using http::body_kind;
using mux::failure;
using protocol::cancel_reason;

namespace {

// What the log shows where the caller left before there was a response; nginx made it customary.
constexpr unsigned client_closed_request = 499;

bool is_event_stream(const http::field_list& fields) {
    constexpr std::string_view type = "text/event-stream";
    return iequals(fields.find("Content-Type").substr(0, type.size()), type);
}

}  // namespace

protocol::data* public_exchange::accept(mux::incoming& arrived, protocol::data& first, after& next) {
    next = after::wait;
    if (const auto* end = std::get_if<mux::failed>(&arrived)) {
        fail_response(end->why);
        next = after::end;
        return nullptr;
    }
    credit_due_ = 0;
    if (std::holds_alternative<mux::stopping>(arrived)) {
        if (websocket_) first.body.append(websocket_->to_caller.end());
        return first.body.empty() ? nullptr : &first;
    }
    auto* part = std::get_if<protocol::data>(&arrived);
    if (auto* response = std::get_if<protocol::response>(&arrived)) {
        if (!frame(*response)) {
            exchange_->cancel(cancel_reason::protocol);
            failed_ = failure::bad_response;
            next = after::end;
            return nullptr;
        }
        if (response->head.interim()) {
            next = after::interim;
            return nullptr;
        }
        begin_response(*response);
        first.body = std::move(response->body);
        first.end = response->end;
        first.trailers = std::move(response->trailers);
        part = &first;
    }
    if (part == nullptr) return part;
    if (may_write(*part)) {
        credit_due_ = part->body.size();
        if (websocket_) websocket_->to_caller.pass(part->body);
        return part;
    }
    exchange_->cancel(cancel_reason::protocol);
    end_short(proxy::sentence(failure::bad_response));
    next = after::end;
    return nullptr;
}

bool public_exchange::frame(protocol::response& response) {
    kind_ = frame_for_caller(response, method_, request_.minor);
    if (response.head.interim() && ++interim_ > limits::max_interim) return false;
    return is_sound(response, kind_, !upgrade_.empty());
}

io::awaitable<void> public_exchange::write_interim(const protocol::response& response) {
    const auto& head = response.head;
    if (request_.minor == 0) co_return;  // RFC 9110 section 15.2
    if (head.status == 100 && upload_ == upload::awaits_continue) {
        upload_ = upload::running;
        set_deadline(waiting_for::body);
    }
    http::response_style style;
    style.minor = request_.minor;
    style.body = body_kind::none;
    append_response_head(on_->output, head, style);
    const auto error = co_await on_->socket->write(io::gather(on_->output.view()));
    on_->output.reset();
    if (error) caller_gone();
}

void public_exchange::begin_response(protocol::response& response) {
    const auto& head = response.head;
    // The app has responded in time; what is left to wait for is the caller's body, where it is still to come.
    if (upload_ == upload::running) {
        set_deadline(waiting_for::body);
    } else {
        on_->deadline.clear();
    }
    const auto switched = head.status == 101;
    // An app that refuses a request may well not read the rest of it (RFC 9110 section 10.1.1).
    const auto refuses = upload_ != upload::none && head.status >= 400;
    if (kind_ == body_kind::until_close || upload_ == upload::awaits_continue || refuses || switched)
        on_->keep_open = false;
    http::response_style style;
    style.minor = request_.minor;
    style.body = kind_;
    style.keep_alive = on_->keep_open && !on_->stopping;
    on_->keep_open = style.keep_alive;
    status_ = head.status;
    event_stream_ = kind_ != body_kind::length && is_event_stream(head.fields);
    moved_ = io::clock::now();
    append_response_head(on_->output, head, style, proxy::body_writer::room_behind_prefix(response.body.size()));
    response_ = progress::head_written;
    writer_ = proxy::body_writer(*on_->socket, kind_);
    if (switched) {
        switch_protocols(head.upgrade);
    } else if (!upgrade_.empty()) {
        if (upload_ == upload::none) end_request();
    }
    if (ends_by_drain()) on_->deadline.set(limits::drain_quiet_time);
}

void public_exchange::switch_protocols(std::string_view to) {
    response_ = progress::switched;
    if (iequals(to, "websocket")) websocket_.emplace();
    on_->socket->on_input(nullptr);
    decoder_ = http::body_decoder(body_kind::until_close, 0);
    if (upload_ != upload::none) return;  // what is being relayed goes on
    upload_ = upload::running;
    begin_upload();
}

bool public_exchange::may_write(const protocol::data& part) const {
    const auto forbidden = !part.body.empty() && kind_ == body_kind::none && response_ != progress::switched;
    return !forbidden && http::is_writable(part.trailers);
}

bool public_exchange::part_written(const protocol::data& part, io::error_code error) {
    if (error) {
        on_->keep_open = false;
        exchange_->cancel(cancel_reason::caller_gone);
        log(output_ == output::cut_off ? proxy::sentence(failure::shutting_down) : "caller went away");
        on_->socket->close();
        return false;
    }
    if (output_ == output::waits) output_ = output::ready;
    body_bytes_ += part.body.size();
    if (credit_due_ > 0) {
        exchange_->consumed(credit_due_);
        if (kind_ != body_kind::length) moved_ = io::clock::now();
        // A body that moves one way excuses a pause of the other.
        if (upload_ == upload::running && response_ != progress::switched) set_deadline(waiting_for::body);
    }
    if (!part.end) return true;
    if (response_ == progress::switched) on_->socket->shutdown_send();
    log();
    return false;
}

void public_exchange::fail_response(failure why) {
    if (why == failure::none) {
        if (response_ == progress::awaited) status_ = client_closed_request;
        log("caller went away");
        on_->socket->close();
    } else if (why == failure::reset) {
        on_->keep_open = false;
        log(proxy::sentence(why));
        on_->socket->abort();
    } else if (response_ == progress::awaited) {
        failed_ = why;
    } else {
        end_short(proxy::sentence(why));
    }
}

// What the caller has must not look like a whole response: where only the close would end it, that is a reset.
void public_exchange::end_short(std::string_view why) {
    on_->keep_open = false;
    log(why);
    if (kind_ == body_kind::until_close) return on_->socket->abort();
    on_->socket->close();
}

io::awaitable<void> public_exchange::respond(failure why, const http::parse_error& refusal) {
    program_statistics().failed(to_string(why));
    auto own = proxy::make_error_response(why, accepts_html_, refusal.status, refusal.sentence());
    if (upload_ != upload::none || why == failure::bad_request || why == failure::loop) on_->keep_open = false;
    co_await write_own(std::move(own.head), std::move(own.body));
    log(why == failure::bad_request ? refusal.sentence() : std::string(proxy::sentence(why)));
}

io::awaitable<void> public_exchange::write_own(http::response_head head, std::string body) {
    http::response_style style;
    style.minor = request_.minor;
    style.keep_alive = on_->keep_open && !on_->stopping;
    on_->keep_open = style.keep_alive;
    style.body = body_kind::length;
    head.content_length = body.size();
    append_response_head(on_->output, head, style);
    status_ = head.status;
    response_ = progress::head_written;
    if (method_ == "HEAD") body.clear();
    body_bytes_ = body.size();
    io::gather pieces(on_->output.view());
    pieces.add(body);
    const auto error = co_await on_->socket->write(pieces);
    on_->output.reset();
    if (error) on_->keep_open = false;
}

}  // namespace tunnel::server
