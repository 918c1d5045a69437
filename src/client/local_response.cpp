#include <boost/asio/error.hpp>
#include <utility>

#include "base/statistics.hpp"
#include "client/local_exchange.hpp"
#include "proxy/error_response.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

/// The response half of local_exchange: what the app sends becomes parts of the exchange.
namespace tunnel::client {

using http::body_kind;
using mux::failure;
using protocol::cancel_reason;

namespace {

bool is_event_stream(const http::field_list& fields) {
    constexpr std::string_view type = "text/event-stream";
    return iequals(fields.find("Content-Type").substr(0, type.size()), type);
}

}  // namespace

std::optional<failure> local_exchange::read_final_head() {
    const auto connection = app_.connection();
    if (!connection) return failure::local_reset;
    const auto to_head = request_->head.method == "HEAD";
    for (;;) {
        http::parse_error error;
        const auto size = app_.parser().parse(connection->buffered(), to_head, received_, error);
        if (error) return refuse(error);
        if (size == 0) break;
        if (observer_) observer_->app_head(connection->buffered().substr(0, size), received_.head.interim());
        connection->consume(size);
        if (!received_.head.interim()) return failure::none;
        if (++interim_ > limits::max_interim) return refuse({502, "more than 32 interim responses"});
        protocol::response early;
        early.head = std::move(received_.head);
        if (early.head.reason.size() > limits::max_reason) early.head.reason.clear();
        exchange_->send(std::move(early));
        app_.parser().reset();
    }
    const auto begun = !connection->buffered().empty();
    if (!connection->is_open() || (connection->at_end() && !begun)) return failure::local_reset;
    if (connection->at_end()) return refuse({502, "the connection was closed in the middle of the head"});
    connection->watch();
    return std::nullopt;
}

failure local_exchange::refuse(const http::parse_error& error) {
    detail_ = error.sentence();
    const auto too_large = error.kind == http::error_kind::too_large;
    return too_large ? failure::local_response_too_large : failure::local_bad_response;
}

bool local_exchange::hold_head() {
    const auto& connection = *app_.connection();
    if (received_.body != body_kind::length || connection.at_end()) return false;
    const auto here = connection.buffered().size();
    const auto length = received_.head.content_length.value_or(0);
    if (here >= length || length - here > limits::input_start) return false;
    response_ = progress::head_held;
    app_.connection()->watch(app_.settings().head_wait);
    return true;
}

failure local_exchange::begin_response() {
    const auto connection = app_.connection();
    if (!connection) return failure::local_reset;
    const auto switched = received_.head.status == 101;
    if (switched && request_->head.upgrade.empty()) return refuse({502, "a 101 although no upgrade was asked for"});
    status_ = received_.head.status;
    event_stream_ = is_event_stream(received_.head.fields);
    moved_ = io::clock::now();
    decoder_ = switched ? http::body_decoder(body_kind::until_close, 0) : http::make_decoder(received_);
    http::parse_error error;
    protocol::response response;
    response.body = proxy::take_buffered_body(*connection, decoder_, error);
    if (error) return refuse(error);
    if (switched && iequals(received_.head.upgrade, "websocket")) websocket_.emplace().to_caller.pass(response.body);
    response.head = std::move(received_.head);
    if (rewriting_) rewriting_->rewrite(response.head);
    if (response.head.reason.size() > limits::max_reason) response.head.reason.clear();
    // A chunked body stays recognisable as one only if it is not empty or comes in frames of its own.
    const auto empty_chunked = received_.body == body_kind::chunked && response.body.empty();
    response.end = decoder_.done() && !empty_chunked;
    if (response.end) response.trailers = std::move(decoder_.trailers());
    body_bytes_ = response.body.size();
    response_ = decoder_.done() ? progress::whole : progress::head_sent;
    exchange_->send(std::move(response));
    if (response_ == progress::whole && empty_chunked) {
        protocol::data last;
        last.end = true;
        last.trailers = std::move(decoder_.trailers());
        exchange_->send(std::move(last));
    }
    return failure::none;
}

io::awaitable<failure> local_exchange::relay_response_body() {
    const auto connection = app_.connection();
    if (!connection) co_return failure::local_reset;
    auto count = [this](byte_buffer& body) {
        body_bytes_ += body.size();
        moved_ = io::clock::now();
        if (websocket_) websocket_->to_caller.pass(body);
    };
    end_if_endless();
    const auto relayed = co_await proxy::relay_body(*connection, decoder_, *exchange_, [](bool) {}, std::move(count));
    if (relayed == proxy::relay_result::complete) {
        response_ = progress::whole;
        co_return failure::none;
    }
    if (relayed == proxy::relay_result::bad_body) co_return refuse({502, "the chunked framing is not valid"});
    co_return failure::local_reset;
}

// Sends a Close frame to both ends. Their own Close frames, and the end of their connections, are relayed as before.
void local_exchange::close_websocket() {
    stopping_->set(app_.settings().websocket_close_time);
    exchange_->deliver(mux::stopping{});  // the app's Close frame, in its place behind what has arrived
    if (response_ != progress::head_sent) return;
    protocol::data close;
    close.body.append(websocket_->to_caller.end());
    if (!close.body.empty()) exchange_->send(std::move(close));
}

void local_exchange::give_up(failure last) {
    app_.disconnect();
    if (caller_left_) return;
    exchange_->on_incoming(nullptr);  // what follows ends the exchange at this side, not at the caller's
    if (response_ == progress::head_sent || response_ == progress::whole)
        return exchange_->fail_after_sent(last, cancel_reason::local_reset);
    program_statistics().failed(to_string(last));
    if (last == failure::overloaded) program_statistics().reached(bound::open_files);
    if (last == failure::local_response_too_large) program_statistics().reached(bound::max_head);
    auto own = proxy::make_error_response(last, proxy::prefers_html(request_->head.fields.find("Accept")), 0, detail_);
    status_ = own.head.status;
    protocol::response response;
    response.head = std::move(own.head);
    response.head.content_length = own.body.size();
    if (request_->head.method != "HEAD") response.body.append(own.body);
    response.end = true;
    exchange_->send(std::move(response));
    if (!observer_ || upload_ != upload::due) exchange_->stop_peer();  // else show_unsent_body reads on
}

}  // namespace tunnel::client
