#include <boost/asio/error.hpp>
#include <utility>

#include "client/local_exchange.hpp"
#include "client/request_head.hpp"
#include "http/writable.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

/// The request half of local_exchange: its head, and parts of its body as they come, are written to the app.
namespace tunnel::client {

using mux::failure;
using protocol::cancel_reason;

bool local_exchange::write_request(io::error_code& error) {
    const auto kind = framing_of(*request_);
    written_ = false;
    interim_ = 0;
    if (connects_ == 0) app_.reusing();
    app_.connection()->on_input(nullptr);
    app_.parser().reset();
    append_head(app_.output(), *request_, missing_host(),
                proxy::body_writer::room_behind_prefix(request_->body.size()));
    if (observer_) observer_->head_written(app_.output().view());
    writer_ = proxy::body_writer(*app_.connection(), kind);
    return writer_.write_now(app_.output(), request_->body.view(), request_->end, request_->trailers, error);
}

std::string local_exchange::missing_host() const {
    return request_->head.fields.contains("Host") ? std::string() : app_.authority();
}

void local_exchange::request_written(const io::error_code& error) {
    if (error) upload_ = upload::failed;
    written_ = true;
    if (observer_ && request_->end && !error) observer_->request_written();
    if (half_closed_ && app_.connection()) app_.connection()->shutdown_send();
    if (request_->end) return;
    exchange_->consumed(request_->body.size());
    upload_ = upload::running;
    auto relay = [self = shared_from_this()]() -> io::awaitable<void> { return self->relay_request_body(); };
    io::spawn(app_.strand(), "upload", std::move(relay),
              [self = shared_from_this()](bool by_exception) { self->upload_over(by_exception); });
}

io::awaitable<void> local_exchange::relay_request_body() {
    bool more = true;
    while (more) {
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        const auto part = exchange_->take();
        auto* data = std::get_if<protocol::data>(&*part);
        const auto credit = data != nullptr ? data->body.size() : 0;
        protocol::data close;
        if (data != nullptr && websocket_) websocket_->to_app.pass(data->body);
        if (data == nullptr) take_control(*part);
        more = !exchange_->over();
        if (data == nullptr && more && websocket_ && websocket_->ending) {
            close.body.append(websocket_->to_app.end());
            if (!close.body.empty()) data = &close;
        }
        if (data != nullptr) more = co_await write_body_part(*data, credit);
    }
}

io::awaitable<bool> local_exchange::write_body_part(protocol::data& part, std::size_t credit) {
    if (observer_) observer_->request_part(part);
    const auto connection = app_.connection();
    io::error_code error = io::asio::error::not_connected;
    if (!http::is_writable(part.trailers)) {
        warn_of_server("trailers");
        exchange_->fail(failure::bad_response, cancel_reason::protocol);
        app_.disconnect();  // the app must not take what it has for a whole request
    } else if (connection) {
        error = {};
        if (!writer_.write_now(app_.output(), part.body.view(), part.end, part.trailers, error))
            error = co_await writer_.finish(app_.output());
    }
    if (error) {
        // The app reads no more. If its response is whole or on its way, that is all; if not, the reader sees it.
        upload_ = upload::failed;
        co_return false;
    }
    exchange_->consumed(credit);
    uploaded_ += credit;
    if (observer_ && part.end) observer_->request_written();
    if (part.end && status_ == 101) connection->shutdown_send();
    co_return !part.end;
}

io::awaitable<void> local_exchange::show_unsent_body() {
    exchange_->consumed(request_->body.size());
    io::deadline end(app_.strand(), [this] { exchange_->stop_peer(); });
    end.set(limits::unsent_request_time);
    while (!exchange_->over() && observer_->wants_request_body()) {
        while (!exchange_->has_incoming()) co_await exchange_->wait_incoming();
        const auto part = exchange_->take();
        const auto* data = std::get_if<protocol::data>(&*part);
        if (data == nullptr) break;  // it ended, or the client is stopping
        observer_->request_part(*data);
        if (data->end) co_return;
        exchange_->consumed(data->body.size());
    }
    exchange_->stop_peer();
}

void local_exchange::upload_over(bool by_exception) {
    if (by_exception) {
        // Without the rest of its body the app would wait, and the caller with it.
        upload_ = upload::failed;
        detail_ = "an internal error ended the request";
        exchange_->fail(failure::cancelled, cancel_reason::other);
    }
    if (upload_ == upload::running) upload_ = upload::none;
    upload_ended_.notify();
    if (response_ != progress::over) incoming_arrived();
}

// The response is whole, and the caller still sends: an app that closes wants no more of it.
void local_exchange::stop_upload_at_end() {
    const auto& connection = app_.connection();
    if (!connection || connection->at_end() || !connection->is_open()) return exchange_->stop_peer();
    connection->on_input([this] { stop_upload_at_end(); });
    connection->watch();
}

}  // namespace tunnel::client
