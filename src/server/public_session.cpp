#include "server/public_session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.hpp"
#include "http/forwarded_fields.hpp"
#include "http/head_writer.hpp"
#include "http/writable.hpp"
#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "proxy/error_answer.hpp"
#include "server/max_forwards.hpp"
#include "server/response_framing.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

using http::body_kind;
using io::awaitable;
using mux::failure;
using protocol::cancel_reason;

namespace {

// What the log shows where the caller left before there was an answer; nginx made it customary.
constexpr unsigned caller_closed = 499;

// Empty lines ahead of a request line, some callers send one behind a body, are no request yet (RFC 9112 section 2.2).
bool begins_request(std::string_view buffered) { return buffered.find_first_not_of("\r\n") != buffered.npos; }

}  // namespace

public_session::public_session(io::tcp::socket socket, std::shared_ptr<client_slot> slot, const options& settings)
    : connection_(std::make_shared<io::connection>(std::move(socket), settings.max_header_bytes + limits::input_start,
                                                   settings.body_timeout)),
      slot_(std::move(slot)),
      settings_(settings),
      caller_(connection_->peer_address()),
      parser_(settings.max_header_bytes),
      deadline_(connection_->strand(), [this] { deadline_expired(); }) {
    connection_->start();
}

awaitable<void> public_session::run() {
    do {
        await_head();
        while (!read_head()) co_await connection_->wait_input();
        if (head_ != head_state::whole) break;
        if (!forward_request()) {
            co_await give_own_answer();
            continue;
        }
        // Nearly always one look and one write are all that is left: no coroutine for that.
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        if (!respond_at_once()) co_await finish_exchange();
        end_exchange();
    } while (keep_open_);
    if (head_ == head_state::refused) co_await refuse_head();
    co_await linger();
}

awaitable<void> public_session::turn_away() {
    keep_open_ = false;
    await_head();
    while (!read_head()) co_await connection_->wait_input();
    if (head_ == head_state::refused) co_await refuse_head();
    if (head_ == head_state::whole) {
        started_ = io::clock::now();
        method_ = request_.head.method;
        target_ = request_.head.target;
        unread_ = true;
        co_await answer(failure::overloaded);
    }
    co_await linger();
}

void public_session::ended() {
    deadline_.stop();
    connection_->on_input(nullptr);
    connection_->close();
    if (!exchange_) return;
    exchange_->on_incoming(nullptr);
    exchange_->cancel(cancel_reason::other);
}

void public_session::stop(bool now) {
    io::asio::post(connection_->strand(), [self = shared_from_this(), now] {
        self->stopping_ = true;
        self->keep_open_ = false;
        if (self->awaits_first_request()) self->deadline_.set(limits::drain_grace);
        if (now && self->exchange_) self->exchange_->fail(failure::shutting_down, cancel_reason::shutdown);
        if (now && !self->exchange_) self->connection_->close();
        self->connection_->wake();
    });
}

void public_session::cut_off() {
    io::asio::post(connection_->strand(), [self = shared_from_this()] { self->connection_->abort(); });
}

bool public_session::awaits_first_request() const noexcept {
    return first_request_ && waiting_for_ == waiting_for::request;
}

void public_session::set_deadline(waiting_for what) {
    waiting_for_ = what;
    switch (what) {
        case waiting_for::request:
            return deadline_.set(first_request_ ? settings_.header_timeout : settings_.idle_timeout);
        case waiting_for::head:
            return deadline_.set(settings_.header_timeout);
        case waiting_for::body:
            return deadline_.set(settings_.body_timeout);
        case waiting_for::response:
            return deadline_.set(settings_.response_timeout);
    }
}

void public_session::deadline_expired() {
    timed_out_ = true;
    switch (waiting_for_) {
        case waiting_for::request:
        case waiting_for::head:
            return connection_->wake();
        case waiting_for::body:
            refusal_ = {408, "the request body stalled"};
            connection_->interrupt_read();
            return exchange_->fail(failure::bad_request, cancel_reason::caller_gone);
        case waiting_for::response:
            return exchange_->fail(failure::local_timeout, cancel_reason::local_timeout);
    }
}

void public_session::await_head() {
    timed_out_ = false;
    head_ = head_state::awaited;
    set_deadline(waiting_for::request);
    parser_.reset();
    refusal_ = {};
}

bool public_session::read_head() {
    if (const auto buffered = connection_->buffered(); !buffered.empty()) {
        if (const auto size = parser_.parse(buffered, request_, refusal_); size > 0) {
            connection_->consume(size);
            first_request_ = false;
            deadline_.clear();
            head_ = head_state::whole;
            return true;
        }
        if (head_ == head_state::awaited && begins_request(buffered)) {
            head_ = head_state::begun;
            set_deadline(waiting_for::head);
        }
    }
    const auto begun = head_ == head_state::begun;
    if (begun && timed_out_) refusal_ = {408, "the request head did not arrive in time"};
    if (refusal_) {
        head_ = head_state::refused;
        return true;
    }
    if (timed_out_ || connection_->at_end() || !connection_->is_open() || (stopping_ && !begun && !first_request_)) {
        head_ = head_state::missing;
        return true;
    }
    connection_->watch();
    return false;
}

awaitable<void> public_session::refuse_head() {
    deadline_.clear();
    method_ = "-";
    target_ = "-";
    accept_.clear();
    started_ = io::clock::now();
    unread_ = true;
    co_await answer(failure::bad_request);
}

bool public_session::forward_request() {
    started_ = io::clock::now();
    status_ = 0;
    interim_ = 0;
    head_written_ = false;
    body_octets_ = 0;
    fin_sent_ = false;
    request_octets_ = 0;
    declared_octets_ = request_.head.content_length.value_or(0);
    method_ = request_.head.method;
    target_ = request_.head.target;
    accept_ = request_.head.fields.find("Accept");
    request_upgrade_ = request_.head.upgrade;
    keep_open_ = keep_open_ && request_.keep_alive;
    const auto upgrade = !request_upgrade_.empty();
    decoder_ = http::make_decoder(request_);

    protocol::request message;
    message.body = proxy::take_buffered_body(*connection_, decoder_, refusal_);
    check_body_size(message.body.size());
    if (refusal_ || http::has_own_via(request_.head.fields)) return false;
    final_recipient_ = apply_max_forwards(request_.head);
    if (final_recipient_) return false;
    if (settings_.forwarded_headers) http::add_forwarded_fields(request_.head, request_.minor, caller_);
    message.head = std::move(request_.head);
    // A chunked body stays recognisable as one only if it is not empty or comes in frames of its own.
    const auto empty_chunked = request_.body == body_kind::chunked && message.body.empty();
    message.end = decoder_.done() && !upgrade && !empty_chunked;
    if (message.end) message.trailers = std::move(decoder_.trailers());

    awaits_continue_ = request_.expects_continue && !decoder_.done() && message.body.empty();
    exchange_ = io::make_recycled<mux::exchange>(connection_->strand());
    connection_->on_input([this] { input_changed(); });
    const auto body_sent = message.end;
    slot_->forward(exchange_, std::move(message));
    set_deadline(waiting_for::response);
    if (body_sent || (upgrade && decoder_.done())) {
        watch_caller();
    } else if (decoder_.done()) {
        protocol::data last;
        last.end = true;
        last.trailers = std::move(decoder_.trailers());
        exchange_->send(std::move(last));
        watch_caller();
    } else {
        start_upload();
    }
    return true;
}

awaitable<void> public_session::give_own_answer() {
    unread_ = !decoder_.done();
    if (!final_recipient_) {
        co_await answer(refusal_ ? failure::bad_request : failure::loop);
        co_return;
    }
    keep_open_ = keep_open_ && !unread_;
    co_await write_own(std::move(final_recipient_->head), std::move(final_recipient_->body));
    log();
}

bool public_session::respond_at_once() {
    const auto* arrived = std::get_if<protocol::response>(&exchange_->front());
    const auto whole = arrived != nullptr && arrived->end && !arrived->head.interim() && arrived->head.status != 101;
    if (!whole || uploading_ || awaits_continue_ || !request_upgrade_.empty()) return false;
    const auto taken = exchange_->take();
    auto& response = std::get<protocol::response>(*taken);
    if (!takes(response)) {
        exchange_->fail(failure::bad_answer, cancel_reason::protocol);
        return false;
    }
    last_part_ = begin_response(response);
    if (!may_follow(last_part_)) return true;
    io::error_code error;
    half_written_ = !writer_.write_now(output_, last_part_.body.view(), true, last_part_.trailers, error);
    if (half_written_) return false;
    last_part_over(error);
    return true;
}

void public_session::last_part_over(io::error_code error) {
    [[maybe_unused]] const auto more = part_written(last_part_, error);
    last_part_ = {};
}

awaitable<void> public_session::finish_exchange() {
    if (std::exchange(half_written_, false)) {
        const auto error = co_await writer_.finish(output_);
        last_part_over(error);
        co_return;
    }
    co_await relay_response();
    if (uploading_) set_deadline(waiting_for::body);

    // Told the answer instead of 100, the caller may well send no body: nothing else can be read from it.
    if (awaits_continue_) exchange_->cancel(cancel_reason::caller_gone);
    // The rest of the body still goes to the app, unless nobody wants it.
    auto stop_upload = [this] {
        if (exchange_->over()) connection_->interrupt_read();
    };
    if (uploading_) {
        stop_upload();
        exchange_->on_incoming(std::move(stop_upload));
    }
    while (uploading_) co_await upload_ended_.wait();
}

void public_session::end_exchange() {
    exchange_->on_incoming(nullptr);
    unread_ = !decoder_.done();
    if (unread_) keep_open_ = false;
    deadline_.clear();
    connection_->on_input(nullptr);
    exchange_ = nullptr;
}

void public_session::start_upload() {
    const auto number = ++uploads_;
    auto upload = [self = shared_from_this()]() -> awaitable<void> { return self->relay_request_body(); };
    auto ended = [self = shared_from_this(), number] { self->upload_dropped(number); };
    uploading_ = true;
    io::spawn(connection_->strand(), "upload", std::move(upload), std::move(ended));
}

// Where it came to its end, this has nothing to do, and the next one may be on its way.
void public_session::upload_dropped(unsigned number) {
    if (!uploading_ || number != uploads_) return;
    exchange_->fail(failure::tunnel_lost, cancel_reason::other);
    upload_over();
}

void public_session::upload_over() {
    uploading_ = false;
    upload_ended_.notify();
}

awaitable<void> public_session::relay_request_body() {
    auto waiting = [this](bool for_caller) {
        if (for_caller && !upgraded_ && !awaits_continue_) return set_deadline(waiting_for::body);
        if (!head_written_) return set_deadline(waiting_for::response);
        if (upgraded_) return deadline_.clear();
        set_deadline(waiting_for::body);  // the answer is out: an app that reads no further holds nothing up
    };
    auto moved = [this](std::size_t octets) {
        awaits_continue_ = false;
        check_body_size(octets);
        if (refusal_) exchange_->fail(failure::bad_request, cancel_reason::too_large);
    };
    const auto result =
        co_await proxy::relay_body(*connection_, decoder_, *exchange_, std::move(waiting), std::move(moved));
    switch (result) {
        case proxy::relay_result::complete:
            uploading_ = false;  // from here on, a FIN is a half-close
            if (!upgraded_) watch_caller();
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
    if (head_written_) deadline_.clear();
    upload_over();
}

void public_session::check_body_size(std::size_t more) {
    request_octets_ += more;
    const auto expected = std::max(request_octets_, upgraded_ ? 0 : declared_octets_);
    if (settings_.max_body_bytes == 0 || upgraded_ || expected <= settings_.max_body_bytes) return;
    refusal_ = {413, "the request body is larger than this server takes"};
}

void public_session::watch_caller() {
    // The same read that waits for the next request sees a caller that leaves.
    connection_->watch();
    if (connection_->at_end()) input_changed();
}

void public_session::input_changed() {
    if (uploading_ || upgraded_) return;
    if (!connection_->at_end()) return connection_->watch();  // pipelined; what matters comes behind it
    if (connection_->read_error()) return caller_gone();
    // A half-close after a complete request is no abort (RFC 9112 section 9.6): the app hears of it and decides. It
    // belongs to the last of the requests that were sent at once.
    if (connection_->buffered().empty() && !std::exchange(fin_sent_, true)) exchange_->send_fin();
}

void public_session::caller_gone() {
    keep_open_ = false;
    exchange_->fail(failure::none, cancel_reason::caller_gone);
}

awaitable<void> public_session::relay_response() {
    for (;;) {
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        const auto part = exchange_->take();
        if (const auto* end = std::get_if<mux::failed>(&*part)) {
            co_await fail_response(end->why);
            co_return;
        }
        auto* data = std::get_if<protocol::data>(&*part);
        protocol::data first;
        if (auto* response = std::get_if<protocol::response>(&*part)) {
            if (!takes(*response)) {
                exchange_->cancel(cancel_reason::protocol);
                co_await answer(failure::bad_answer);
                co_return;
            }
            if (response->head.interim()) {
                co_await write_interim(response->head);
                continue;
            }
            first = begin_response(*response);
            data = &first;
        }
        if (data == nullptr) continue;
        if (!may_follow(*data)) co_return;
        io::error_code error;
        if (!writer_.write_now(output_, data->body.view(), data->end, data->trailers, error))
            error = co_await writer_.finish(output_);
        if (!part_written(*data, error)) co_return;
    }
}

awaitable<void> public_session::fail_response(failure why) {
    if (why == failure::none) {
        if (!head_written_) status_ = caller_closed;
        log("caller went away");
        connection_->close();
    } else if (!head_written_) {
        co_await answer(why);
    } else {
        cut_short(proxy::sentence(why));
    }
}

bool public_session::takes(protocol::response& response) {
    kind_ = frame_for_caller(response, method_, request_.minor);
    if (response.head.interim() && ++interim_ > limits::max_interim) return false;
    return is_sound(response, kind_, !request_upgrade_.empty());
}

awaitable<void> public_session::write_interim(const http::response_head& head) {
    if (request_.minor == 0) co_return;  // RFC 9110 section 15.2
    if (head.status == 100 && std::exchange(awaits_continue_, false)) set_deadline(waiting_for::body);
    http::response_style style;
    style.minor = request_.minor;
    style.body = body_kind::none;
    append_response_head(output_, head, style);
    const auto error = co_await write_output({});
    if (error) caller_gone();
}

protocol::data public_session::begin_response(protocol::response& response) {
    const auto& head = response.head;
    // The app has answered in time; what is left to wait for is the caller's body, where it is still to come.
    if (uploading_ && !awaits_continue_) {
        set_deadline(waiting_for::body);
    } else {
        deadline_.clear();
    }
    if (kind_ == body_kind::until_close || awaits_continue_) keep_open_ = false;
    // An app that refuses a request may well not read the rest of it (RFC 9110 section 10.1.1).
    if (uploading_ && head.status >= 400) keep_open_ = false;
    upgraded_ = head.status == 101;
    if (upgraded_) keep_open_ = false;
    http::response_style style;
    style.minor = request_.minor;
    style.body = kind_;
    style.keep_alive = keep_open_ && !stopping_;
    keep_open_ = style.keep_alive;
    status_ = head.status;
    append_response_head(output_, head, style, proxy::body_writer::room_behind_prefix(response.body.size()));
    head_written_ = true;
    writer_ = proxy::body_writer(*connection_, kind_);
    if (upgraded_) {
        connection_->on_input(nullptr);
        decoder_ = http::body_decoder(body_kind::until_close, 0);
        start_upload();
    } else if (!request_upgrade_.empty()) {
        // Not switched: the request ends where its body did.
        protocol::data last;
        last.end = true;
        exchange_->send(std::move(last));
    }
    protocol::data first;
    first.body = std::move(response.body);
    first.end = response.end;
    first.trailers = std::move(response.trailers);
    return first;
}

bool public_session::may_follow(const protocol::data& part) {
    const auto forbidden = !part.body.empty() && kind_ == body_kind::none && !upgraded_;
    if (!forbidden && http::is_writable(part.trailers)) return true;
    exchange_->cancel(cancel_reason::protocol);
    cut_short(proxy::sentence(failure::bad_answer));
    return false;
}

bool public_session::part_written(const protocol::data& part, io::error_code error) {
    if (error) {
        keep_open_ = false;
        exchange_->cancel(cancel_reason::caller_gone);
        log("caller went away");
        connection_->close();
        return false;
    }
    const auto size = part.body.size();
    body_octets_ += size;
    if (size > 0) exchange_->consumed(size);
    // A body that moves one way excuses a pause of the other.
    if (size > 0 && uploading_ && !upgraded_ && !awaits_continue_) set_deadline(waiting_for::body);
    if (!part.end) return true;
    if (upgraded_) connection_->shutdown_send();
    log();
    return false;
}

void public_session::cut_short(std::string_view why) {
    keep_open_ = false;
    log(why);
    // What the caller has must not look like a whole response: where only the close would end it, that is a reset.
    if (kind_ == body_kind::until_close) return connection_->abort();
    connection_->close();
}

awaitable<void> public_session::answer(failure why) {
    auto own = proxy::make_error_answer(why, accept_, refusal_.status, refusal_.sentence());
    if (uploading_ || why == failure::bad_request || why == failure::loop) keep_open_ = false;
    co_await write_own(std::move(own.head), std::move(own.body));
    log(why == failure::bad_request ? refusal_.sentence() : std::string{proxy::sentence(why)});
}

awaitable<void> public_session::write_own(http::response_head head, std::string body) {
    http::response_style style;
    style.minor = request_.minor;
    style.keep_alive = keep_open_ && !stopping_;
    keep_open_ = style.keep_alive;
    style.body = body_kind::length;
    head.content_length = body.size();
    append_response_head(output_, head, style);
    status_ = head.status;
    head_written_ = true;
    if (method_ == "HEAD") body.clear();
    body_octets_ = body.size();
    const auto error = co_await write_output(body);
    if (error) keep_open_ = false;
}

awaitable<io::error_code> public_session::write_output(std::string_view body) {
    io::gather pieces(output_.view());
    pieces.add(body);
    const auto error = co_await connection_->write(pieces);
    output_.reset();
    co_return error;
}

awaitable<void> public_session::linger() {
    if (!connection_->is_open() || (!unread_ && !begins_request(connection_->buffered()))) co_return;
    // Closing with unread input sends a reset that can overtake our answer (RFC 9112 section 9.6).
    connection_->shutdown_send();
    const auto until = io::clock::now() + limits::linger_time;
    timed_out_ = false;
    byte_buffer dropped;
    while (!connection_->at_end() && !timed_out_ && connection_->is_open() && io::clock::now() < until) {
        waiting_for_ = waiting_for::request;
        deadline_.set(limits::linger_idle_time);
        connection_->consume(connection_->buffered().size());
        connection_->watch();
        co_await connection_->wait_input();
    }
}

void public_session::log(std::string_view note) const {
    log_request(method_, target_, status_, io::clock::now() - started_, body_octets_, note);
}

}  // namespace tunnel::server
