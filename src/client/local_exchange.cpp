#include "client/local_exchange.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/address.hpp"
#include "base/log.hpp"
#include "http/head_writer.hpp"
#include "http/writable.hpp"
#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "proxy/error_answer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

using http::body_kind;
using io::awaitable;
using mux::failure;
using protocol::cancel_reason;

namespace {

// RFC 9110 section 9.2.2.
bool is_idempotent(std::string_view method) {
    constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::ranges::find(methods, method) != methods.end();
}

failure connect_failure(const io::error_code& error) {
    namespace e = io::asio::error;
    if (error == e::connection_refused) return failure::local_refused;
    if (error == e::timed_out) return failure::local_connect_timeout;
    if (error == e::no_descriptors || error == e::no_buffer_space || error == e::no_memory) return failure::overloaded;
    return failure::local_unreachable;
}

body_kind framing_of(const protocol::request& request) {
    if (request.head.content_length) return body_kind::length;
    if (!request.head.upgrade.empty()) return body_kind::none;
    return request.end && request.body.empty() ? body_kind::none : body_kind::chunked;
}

}  // namespace

bool is_repeatable(const protocol::request& request) { return request.end && is_idempotent(request.head.method); }

local_exchange::local_exchange(io::executor strand, std::shared_ptr<local_pool> pool, local_pool::taken pooled,
                               const options& settings, std::shared_ptr<mux::exchange> exchange,
                               protocol::request&& request)
    : strand_(std::move(strand)),
      pool_(std::move(pool)),
      pooled_(std::move(pooled)),
      settings_(settings),
      exchange_(std::move(exchange)),
      request_(std::move(request)) {}

void local_exchange::start() {
    started_ = io::clock::now();
    if (!http::is_writable(request_.head) || !http::is_writable(request_.trailers)) {
        spdlog::warn("the server sent a request that is no valid HTTP");
        exchange_->cancel(cancel_reason::protocol);
        if (pooled_.connection) pool_->put(std::move(pooled_.connection));
        finished_ = true;
        return;
    }
    try {
        body_due_ = !request_.end;
        exchange_->on_incoming([this] { incoming_arrived(); });
        incoming_arrived();
        if (!send_at_once()) wait_through(std::nullopt);
    } catch (...) {
        ended();
        throw;
    }
}

bool local_exchange::send_at_once() {
    if (!request_.end || !take_pooled()) return false;
    io::error_code error;
    half_written_ = !write_request(error);
    if (half_written_) return false;
    request_written(error);
    connection_->on_input([this] { answer_arrived(); });
    awaiting_answer_ = shared_from_this();
    connection_->watch();
    return true;
}

void local_exchange::answer_arrived() {
    const auto self = awaiting_answer_;  // also where this fails below
    if (!self) return;
    try {
        const auto head = read_final_head();
        if (!head || (*head == failure::none && head_waits())) return;
        awaiting_answer_ = nullptr;
        connection_->on_input(nullptr);
        const auto why = *head == failure::none ? begin_answer() : *head;
        if (why == failure::none && answer_sent_) return conclude(why, {});
        wait_through(why);
    } catch (...) {
        ended();
        throw;
    }
}

void local_exchange::wait_through(std::optional<failure> begun) {
    auto body = [self = shared_from_this(), begun]() -> awaitable<void> { return self->run(begun); };
    io::spawn(strand_, "request", std::move(body), [self = shared_from_this()] { self->ended(); });
}

awaitable<failure> local_exchange::begin() {
    io::error_code error;
    if (!std::exchange(half_written_, false)) {
        if (!take_pooled()) {
            const auto why = co_await connect();
            if (why != failure::none) co_return why;
        }
        half_written_ = !write_request(error);
    }
    if (std::exchange(half_written_, false)) error = co_await writer_.finish(connection_->output);
    request_written(error);
    // Even where writing failed: an app may answer, and close, before it has read the request.
    auto head = read_final_head();
    for (; !head; head = read_final_head()) co_await connection_->wait_input();
    if (*head != failure::none) co_return *head;
    if (head_waits()) co_await connection_->wait_input();
    co_return begin_answer();
}

awaitable<void> local_exchange::run(std::optional<failure> begun) {
    failure why = failure::none;
    do {
        if (begun) {
            why = *begun;
            begun.reset();
        } else {
            why = co_await begin();
        }
        if (why == failure::none && !answer_sent_) why = co_await relay_answer_body();
        if (why != failure::none && connection_) connection_->close();
    } while (may_retry(why));

    if (pooled_.connection) pool_->put(std::move(pooled_.connection));  // the caller left before it was needed
    std::string note;
    if (why != failure::none) {
        note = caller_left_ ? "caller went away" : proxy::sentence(why, fault_);
        give_up(why);
    }
    if (why == failure::none && uploading_ && status_ != 101) stop_upload_at_end();
    while (uploading_) co_await upload_ended_.wait();
    conclude(why, note);
}

void local_exchange::conclude(failure why, std::string_view note) {
    exchange_->on_incoming(nullptr);
    if (why == failure::none && upload_failed_) exchange_->stop_peer();
    if (why == failure::none && !upload_failed_) {
        release_connection();
    } else if (connection_) {
        connection_->close();
    }
    finished_ = true;
    log(note);
}

void local_exchange::ended() {
    exchange_->on_incoming(nullptr);
    const auto self = std::exchange(awaiting_answer_, nullptr);
    if (finished_) return;
    drop_connection();
    exchange_->fail(failure::local_reset, cancel_reason::local_reset);  // an upload ends too
}

bool local_exchange::take_pooled() {
    if (caller_left_ || !pooled_.connection) return false;
    connection_ = std::exchange(pooled_.connection, nullptr);
    connection_->on_input(nullptr);
    if (pooled_is_usable()) return true;
    connection_->close();
    return false;
}

awaitable<failure> local_exchange::connect() {
    if (caller_left_) co_return failure::tunnel_lost;
    fresh_ = true;
    dialling_ = std::make_unique<io::dialler>(strand_);
    tunnel::address where;
    where.host = settings_.local_host;
    where.port = settings_.local_port;
    const auto error = co_await dialling_->dial(std::move(where), settings_.local_connect_timeout);
    const auto dialled = std::move(dialling_);
    if (error) co_return connect_failure(error);
    io::error_code ignored;
    dialled->socket().set_option(io::tcp::socket::receive_buffer_size(limits::local_unread), ignored);
    connection_ = std::make_shared<local_connection>(std::move(dialled->socket()), settings_.max_header_bytes, pool_);
    connection_->start();
    co_return caller_left_ ? failure::tunnel_lost : failure::none;
}

bool local_exchange::pooled_is_usable() {
    if (connection_->at_end() || !connection_->is_open() || !connection_->buffered().empty()) return false;
    if (is_repeatable(request_)) return true;
    return io::clock::now() - pooled_.idle_since < limits::local_fresh_time && connection_->quiet();
}

bool local_exchange::may_retry(failure why) const {
    // RFC 9112 section 9.3.1: a connection that closed before the first octet of an answer may be tried again,
    // where doing the request twice does no harm and its body is still here.
    if (why != failure::local_reset || fresh_ || caller_left_ || !is_repeatable(request_)) return false;
    return !head_waited_ && !head_sent_ && interim_ == 0 && connection_->buffered().empty();
}

bool local_exchange::write_request(io::error_code& error) {
    const auto kind = framing_of(request_);
    request_written_ = false;
    interim_ = 0;
    head_waited_ = false;
    connection_->parser.reset();
    tunnel::address app;
    app.host = settings_.local_host;
    app.port = settings_.local_port;
    const auto app_host = request_.head.fields.contains("Host") ? std::string{} : to_string(app);
    append_request_head(connection_->output, request_.head, {.body = kind, .app_host = app_host},
                        proxy::body_writer::room_behind_prefix(request_.body.size()));
    writer_ = proxy::body_writer(*connection_, kind);
    return writer_.write_now(connection_->output, request_.body.view(), request_.end, request_.trailers, error);
}

void local_exchange::request_written(const io::error_code& error) {
    upload_failed_ = static_cast<bool>(error);
    request_written_ = true;
    if (half_closed_) connection_->shutdown_send();
    if (request_.end) return;
    exchange_->consumed(request_.body.size());
    uploading_ = true;
    auto upload = [self = shared_from_this()]() -> awaitable<void> { return self->relay_request_body(); };
    io::spawn(strand_, "upload", std::move(upload), [self = shared_from_this()] { self->upload_dropped(); });
}

// Where it came to its end, this has nothing to do.
void local_exchange::upload_dropped() {
    if (!uploading_) return;
    upload_failed_ = true;
    uploading_ = false;
    body_due_ = false;
    drop_connection();  // part of a request is there: the app is to take it for no whole one
    upload_ended_.notify();
}

awaitable<void> local_exchange::relay_request_body() {
    bool more = true;
    while (more) {
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        const auto part = exchange_->take();
        if (auto* data = std::get_if<protocol::data>(&*part)) {
            more = co_await write_body_part(*data);
        } else {
            take_control(*part);
            more = !exchange_->over();
        }
    }
    uploading_ = false;
    body_due_ = false;
    upload_ended_.notify();
    incoming_arrived();
}

awaitable<bool> local_exchange::write_body_part(protocol::data& part) {
    const auto size = part.body.size();
    io::error_code error;
    if (!http::is_writable(part.trailers)) {
        error = io::asio::error::invalid_argument;
        connection_->close();  // the app is to take what it has for no whole request
    } else if (!writer_.write_now(connection_->output, part.body.view(), part.end, part.trailers, error)) {
        error = co_await writer_.finish(connection_->output);
    }
    if (error) {
        // The app reads no more. If its answer is whole or on its way, that is all; if not, the reader sees it.
        upload_failed_ = true;
        co_return false;
    }
    exchange_->consumed(size);
    if (part.end && status_ == 101) connection_->shutdown_send();
    co_return !part.end;
}

void local_exchange::stop_upload_at_end() {
    // The answer is whole, and the caller still sends: an app that closes wants no more of it.
    if (connection_->at_end() || !connection_->is_open()) {
        upload_failed_ = true;
        exchange_->stop_peer();
        return;
    }
    connection_->on_input([this] { stop_upload_at_end(); });
    connection_->watch();
}

void local_exchange::incoming_arrived() {
    if (exchange_->over()) {
        // Also while an app that reads no more holds the upload.
        caller_left_ = true;
        drop_connection();
        return;
    }
    // Body parts stay where they are until relay_request_body takes them.
    if (body_due_) return;
    while (exchange_->has_incoming()) take_control(*exchange_->take());
}

void local_exchange::drop_connection() {
    if (dialling_) dialling_->cancel();
    if (connection_) connection_->close();
    if (!awaiting_answer_) return;
    io::post_to(strand_, [self = awaiting_answer_] { self->answer_arrived(); });
}

void local_exchange::take_control(const mux::incoming& part) {
    if (const auto* end = std::get_if<mux::failed>(&part)) {
        caller_left_ = end->why != failure::none;  // none: our own stop_peer
        drop_connection();
    } else if (std::holds_alternative<protocol::fin>(part)) {
        half_closed_ = true;
        if (connection_ && request_written_) connection_->shutdown_send();
    }
}

std::optional<failure> local_exchange::read_final_head() {
    // It was read before it waited.
    if (head_waited_) return connection_->is_open() ? failure::none : failure::local_reset;
    const auto to_head = request_.head.method == "HEAD";
    for (;;) {
        http::parse_error error;
        const auto size = connection_->parser.parse(connection_->buffered(), to_head, response_, error);
        if (error) return refused(error);
        if (size == 0) break;
        connection_->consume(size);
        if (!response_.head.interim()) return failure::none;
        if (++interim_ > limits::max_interim) return refused({502, "more than 32 interim responses"});
        protocol::response early;
        early.head = std::move(response_.head);
        exchange_->send(std::move(early));
        connection_->parser.reset();
    }
    const auto begun = !connection_->buffered().empty();
    if (!connection_->is_open() || (connection_->at_end() && !begun)) return failure::local_reset;
    if (connection_->at_end()) return refused({502, "the connection was closed in the middle of the head"});
    connection_->watch();
    return std::nullopt;
}

failure local_exchange::refused(const http::parse_error& error) {
    fault_ = error.sentence();
    const auto too_large = error.kind == http::error_kind::too_large;
    return too_large ? failure::local_response_too_large : failure::local_bad_answer;
}

bool local_exchange::head_waits() {
    if (head_waited_ || response_.body != body_kind::length || connection_->at_end()) return false;
    const auto here = connection_->buffered().size();
    const auto length = response_.head.content_length.value_or(0);
    if (here >= length || length - here > limits::input_start) return false;
    head_waited_ = true;
    connection_->watch(settings_.head_wait);
    return true;
}

failure local_exchange::begin_answer() {
    const auto switched = response_.head.status == 101;
    if (switched && request_.head.upgrade.empty()) return refused({502, "a 101 although no upgrade was asked for"});
    status_ = response_.head.status;
    decoder_ = switched ? http::body_decoder(body_kind::until_close, 0) : http::make_decoder(response_);
    http::parse_error error;
    protocol::response answer;
    answer.body = proxy::take_buffered_body(*connection_, decoder_, error);
    if (error) return refused(error);
    answer.head = std::move(response_.head);
    // A chunked body stays recognisable as one only if it is not empty or comes in frames of its own.
    const auto empty_chunked = response_.body == body_kind::chunked && answer.body.empty();
    answer.end = decoder_.done() && !empty_chunked;
    if (answer.end) answer.trailers = std::move(decoder_.trailers());
    body_octets_ = answer.body.size();
    head_sent_ = true;
    answer_sent_ = decoder_.done();
    exchange_->send(std::move(answer));
    if (answer_sent_ && empty_chunked) {
        protocol::data last;
        last.end = true;
        last.trailers = std::move(decoder_.trailers());
        exchange_->send(std::move(last));
    }
    return failure::none;
}

awaitable<failure> local_exchange::relay_answer_body() {
    auto count = [this](std::size_t octets) { body_octets_ += octets; };
    const auto result = co_await proxy::relay_body(*connection_, decoder_, *exchange_, [](bool) {}, std::move(count));
    switch (result) {
        case proxy::relay_result::complete:
            co_return failure::none;
        case proxy::relay_result::bad_body:
            co_return failure::local_bad_answer;
        default:
            co_return failure::local_reset;
    }
}

void local_exchange::give_up(failure why) {
    if (caller_left_) return;
    if (head_sent_) {
        exchange_->cut_short(why, cancel_reason::local_reset);
        return;
    }
    auto own = proxy::make_error_answer(why, request_.head.fields.find("Accept"), 0, fault_);
    status_ = own.head.status;
    protocol::response answer;
    answer.head = std::move(own.head);
    answer.head.content_length = own.body.size();
    if (request_.head.method != "HEAD") answer.body.append(own.body);
    answer.end = true;
    exchange_->send(std::move(answer));
    exchange_->stop_peer();
    upload_failed_ = true;
}

void local_exchange::release_connection() {
    const auto reusable = response_.keep_alive && !decoder_.faulty_framing() && status_ != 101 && !half_closed_ &&
                          connection_->buffered().empty() && !connection_->at_end() && connection_->is_open();
    if (!reusable) return connection_->close();
    pool_->put(connection_);
}

void local_exchange::log(std::string_view note) const {
    log_request(request_.head.method, request_.head.target, status_, io::clock::now() - started_, body_octets_, note);
}

}  // namespace tunnel::client
