#include "client/local_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/log.hpp"
#include "http/forwarded_fields.hpp"
#include "http/writable.hpp"
#include "proxy/error_response.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

using http::body_kind;
using mux::failure;
using protocol::cancel_reason;

namespace {

// RFC 9110 section 9.2.2.
bool is_idempotent(std::string_view method) {
    constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::ranges::find(methods, method) != methods.end();
}

/// Whether sending the request twice does no harm, and all of it is here.
bool is_repeatable(const protocol::request& request) { return request.end && is_idempotent(request.head.method); }

failure connect_failure(const io::error_code& error) {
    namespace e = io::asio::error;
    if (error == e::connection_refused) return failure::local_refused;
    if (error == e::timed_out) return failure::local_connect_timeout;
    if (error == e::no_descriptors || error == e::no_buffer_space || error == e::no_memory) return failure::overloaded;
    return failure::local_unreachable;
}

}  // namespace

local_exchange::local_exchange(app_session& app, std::shared_ptr<mux::exchange> exchange,
                               mux::part<protocol::request> request, std::shared_ptr<exchange_observer> observer)
    : app_(app),
      exchange_(std::move(exchange)),
      request_(std::move(request)),
      observer_(std::move(observer)),
      started_(io::clock::now()) {}

io::awaitable<void> local_exchange::run() {
    if (!http::is_writable(request_->head) || !http::is_writable(request_->trailers)) {
        warn_of_server("a request");
        exchange_->cancel(cancel_reason::protocol);
        response_ = progress::over;
        co_return;
    }
    set_host();
    if (observer_) observer_->started(*request_, missing_host());
    if (!request_->end) upload_ = upload::due;
    exchange_->on_incoming([this] { incoming_arrived(); });
    incoming_arrived();
    auto last = failure::none;
    auto responded = false;
    if (app_.settings().stand_in) responded = co_await stand_in(app_stand_in::moment::before_app);
    for (auto again = !responded; again; again = may_retry(last)) {
        if (app_.reused() && !is_repeatable(*request_)) co_await app_.let_settle();
        last = failure::none;
        if (!may_reuse()) last = co_await connect();
        if (last == failure::none) {
            io::error_code error;
            if (!write_request(error)) error = co_await writer_.finish(app_.output());
            request_written(error);
            // Even where writing failed: an app may respond, and close, before it has read the request.
            const auto connection = app_.connection();
            auto head = read_final_head();
            for (; !head; head = read_final_head()) co_await connection->wait_input();
            last = *head;
            if (last == failure::none && hold_head()) co_await connection->wait_input();
        }
        if (last == failure::none) last = begin_response();
        if (last == failure::none && response_ != progress::whole) last = co_await relay_response_body();
    }
    if (is_absence(last)) {
        if (observer_ && !caller_left_) observer_->app_missed();
        responded = co_await stand_in(app_stand_in::moment::app_absent);
    }
    if (responded) last = failure::none;
    if (last == failure::local_reset && connects_ > 0 && response_ == progress::awaited) co_await name_cause_of_reset();
    if (last == failure::local_reset && response_ == progress::head_sent && !caller_left_) {
        detail_ = "the app at " + app_.authority() +
                  " closed the connection before the end of its response; see the app's log";
    }
    const auto caller_left = caller_left_;  // give_up ends the exchange itself
    if (last != failure::none) give_up(last);
    const auto unsent = upload_ == upload::due && !caller_left;
    if (upload_ == upload::due) upload_ = upload::none;
    if (last == failure::none && upload_ == upload::running && status_ != 101) stop_upload_at_end();
    while (upload_ == upload::running) co_await upload_ended_.wait();
    conclude(last);
    if (!observer_) co_return;
    if (unsent) co_await show_unsent_body();
    observer_->ended(last, caller_left);
}

// An app that speaks HTTPS closes the connection at the sight of a request in the clear.
io::awaitable<void> local_exchange::name_cause_of_reset() {
    if (caller_left_ || interim_ != 0) co_return;
    if (half_closed_) {
        // A caller that gives up waiting looks like one that has merely sent all (RFC 9112 section 9.6).
        detail_ = "the caller closed its connection first, as one does whose timeout is up; the app at " +
                  app_.authority() + " then closed its own without a response";
        if (observer_) observer_->labelled(caller_closed_first);
        co_return;
    }
    detail_ = "the app at " + app_.authority() + " closed the connection before its response; ";
    const auto speaks_tls = co_await app_.app().tls.check(app_.strand(), app_.settings());
    detail_ += speaks_tls ? "it seems to speak HTTPS, and tunnel-client speaks plain HTTP to it" : "see the app's log";
}

void local_exchange::set_host() {
    const auto& setting = app_.settings().host_header;
    if (setting == "preserve") return;
    if (setting != "rewrite") return http::set_host(request_->head, setting);
    rewriting_.emplace(request_->head.fields, app_.authority());
    rewriting_->rewrite(request_->head);
}

void local_exchange::conclude(failure last) {
    exchange_->on_incoming(nullptr);
    response_ = progress::over;
    if (stopping_) stopping_->stop();
    log(note_on(last));
    const auto failed = last != failure::none;
    if (!failed && upload_ == upload::failed) exchange_->stop_peer();
    if (failed || !app_.connection()) return app_.disconnect();
    const auto& connection = *app_.connection();
    const auto reusable = upload_ != upload::failed && received_.keep_alive && !decoder_.faulty_framing() &&
                          status_ != 101 && !half_closed_ && connection.buffered().empty() && !connection.at_end() &&
                          connection.is_open();
    if (!reusable) return app_.disconnect();
    app_.keep();
}

std::string local_exchange::note_on(failure last) const {
    if (last == failure::none) return stand_in_note_;
    if (caller_left_) return detail_.empty() ? "caller went away" : detail_;
    return proxy::sentence(last, detail_);
}

void local_exchange::ended() {
    exchange_->on_incoming(nullptr);
    if (response_ == progress::over) return;
    app_.disconnect();
    exchange_->fail(failure::cancelled, cancel_reason::other);  // an upload ends too
}

// --- the connection

bool local_exchange::may_reuse() const {
    const auto& connection = app_.connection();
    if (caller_left_ || !connection || connection->at_end() || !connection->is_open()) return false;
    if (!connection->buffered().empty()) return false;
    return is_repeatable(*request_) || connection->quiet();
}

io::awaitable<failure> local_exchange::connect() {
    if (caller_left_) co_return failure::tunnel_lost;
    ++connects_;
    if (app_.app().absence) {
        const auto last = co_await connect_once_it_listens();
        if (last != failure::none) place_ = nullptr;
        co_return last;
    }
    const auto error = co_await app_.connect(detail_);
    if (error) co_return connect_failure(error);
    co_return caller_left_ ? failure::tunnel_lost : failure::none;
}

// Only a refused connect is waited for: nothing of the request was sent then.
io::awaitable<failure> local_exchange::connect_once_it_listens() {
    auto& absence = *app_.app().absence;
    using moment = app_stand_in::moment;
    const auto enter = [&] {
        place_ = absence.enter(app_.strand(), detail_, [this] { app_.wake(); });
        if (observer_) observer_->labelled("held");
    };
    place_ = nullptr;       // of an earlier attempt
    auto responds = false;  // then the request does not wait
    if (absence.holding()) responds = co_await has_stand_in(moment::app_absent);
    if (absence.holding() && !responds) enter();
    for (;;) {
        while (place_ && place_->now() == app_absence::turn::wait && !caller_left_ && !exchange_->stop_requested())
            co_await app_.held();
        if (caller_left_) co_return failure::tunnel_lost;
        if (place_ && place_->now() != app_absence::turn::connect) co_return give_up_waiting();
        const auto error = co_await app_.connect(detail_);
        if (caller_left_) co_return failure::tunnel_lost;
        if (!error) {
            detail_.clear();
            if (place_) place_->connected();
            co_return failure::none;
        }
        if (!app_.refused()) co_return connect_failure(error);
        if (!place_) {
            responds = co_await stand_in(moment::app_absent);
            if (responds) co_return failure::local_refused;
            enter();
        } else {
            place_->refused(detail_);
        }
    }
}

failure local_exchange::give_up_waiting() {
    detail_.clear();
    if (place_->now() == app_absence::turn::wait) return failure::shutting_down;
    const auto waited = std::chrono::duration<double>(io::clock::now() - started_).count();
    detail_ = fmt::format("{}, and waited {:.1f} s for it", place_->tried(), waited);
    return failure::local_refused;
}

bool local_exchange::may_retry(failure last) const {
    // RFC 9112 section 9.3.1: a connection that closed before the first byte of a response may be tried again, where
    // doing the request twice does no harm and its body is still here. An app that is waited for may have ended while
    // it had the request.
    const auto most = app_.app().absence ? 1U : 0U;
    if (last != failure::local_reset || connects_ > most || caller_left_ || !is_repeatable(*request_)) return false;
    return response_ == progress::awaited && interim_ == 0 &&
           (!app_.connection() || app_.connection()->buffered().empty());
}

// --- the caller

void local_exchange::incoming_arrived() {
    if (exchange_->over()) {
        // Also while an app that reads no more holds the upload.
        caller_left_ = true;
        app_.disconnect();
        return;
    }
    if (exchange_->stop_requested()) stop_requested();
    // Body parts stay where they are until relay_request_body takes them.
    if (upload_ == upload::due || upload_ == upload::running) return;
    while (exchange_->has_incoming()) take_control(*exchange_->take());
}

void local_exchange::take_control(const mux::incoming& part) {
    if (const auto* end = std::get_if<mux::failed>(&part)) {
        caller_left_ = end->why != failure::none;  // none: our own stop_peer
        app_.disconnect();
    } else if (std::holds_alternative<protocol::fin>(part)) {
        half_closed_ = true;
        if (app_.connection() && written_) app_.connection()->shutdown_send();
    }
}

// Also while an app that reads nothing holds up what arrived before.
void local_exchange::stop_requested() {
    if (stopping_) return;
    stopping_ = std::make_unique<io::deadline>(app_.strand(), [this] { end_if_endless(); });
    if (place_) app_.wake();
    end_if_endless();
}

void local_exchange::end_if_endless() {
    if (caller_left_ || !stopping_) return;
    if (response_ != progress::head_sent && response_ != progress::whole) return;
    if (websocket_ && !std::exchange(websocket_->ending, true)) return close_websocket();
    const auto endless = status_ == 101 || event_stream_;
    if (!endless && received_.body == body_kind::length) return;
    const auto quiet = io::clock::now() - moved_;
    if (!endless && quiet < limits::drain_quiet_time) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limits::drain_quiet_time - quiet);
        return stopping_->set(left + std::chrono::milliseconds(1));
    }
    detail_ = "ended because the client is stopping";
    caller_left_ = true;
    exchange_->fail_after_sent(failure::shutting_down, cancel_reason::shutdown);
    app_.disconnect();
}

// A server may send any number of them.
void local_exchange::warn_of_server(std::string_view sent) const {
    const auto before = app_.app().bad_request.pass(io::clock::now());
    if (!before) return;
    const auto more = *before > 0 ? fmt::format("; {} more since the last such line", *before) : std::string();
    spdlog::warn("the server sent {}, which is not valid HTTP{}", sent, more);
}

void local_exchange::log(std::string_view note) const {
    request_line line;
    line.method = request_->head.method;
    line.target = request_->head.target;
    line.status = status_;
    line.took = io::clock::now() - started_;
    line.body_bytes = body_bytes_;
    line.note = note;
    line.request_bytes = request_->body.size() + uploaded_;
    line.caller = request_->from.caller;
    line.id = request_->head.fields.find(request_id_field);
    line.connection = request_->from.connection;
    line.number = request_->id;
    log_request(line);
}

}  // namespace tunnel::client
