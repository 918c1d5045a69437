#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>

#include "inspector_http/connection.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/on_worker.hpp"
#include "tunnel/base/text.hpp"

/// How a connection writes: whole responses, parts of long ones, and its end.
namespace tunnel::inspector_http {

namespace http = boost::beast::http;
namespace asio = boost::asio;
using io::no_throw;

namespace {

/// Bytes of an unwanted body that are read after a refusal, and for how long: a socket that is closed with unread bytes
/// is reset, and the client would lose the response.
constexpr std::size_t drained_bytes = 1024 * limits::kib;
constexpr auto drain_time = std::chrono::seconds(2);

http::response<http::empty_body> head_of(const response& r, unsigned version, bool keep_alive) {
    http::response<http::empty_body> head;
    head.version(version);
    head.result(r.status);
    head.keep_alive(keep_alive);
    if (!r.content_type.empty()) head.set(http::field::content_type, r.content_type);
    for (const auto& [name, value] : security_fields(r)) head.set(name, value);
    for (const auto& [name, value] : r.fields) head.insert(name, value);
    return head;
}

}  // namespace

io::awaitable<bool> connection::send_bytes(const std::string& bytes) {
    const auto source = asio::buffer(bytes);
    std::size_t sent = 0;
    // Each step has its own time, so that a slow but steady reader gets all.
    while (sent < bytes.size()) {
        stream_.expires_after(limits::transfer_time);
        const auto rest = source + sent;
        const auto [error, length] = co_await stream_.async_write_some(rest, no_throw);
        if (error) co_return false;
        sent += length;
    }
    co_return true;
}

io::awaitable<bool> connection::send_head(const exchange& e, const response& r) {
    auto head = head_of(r, e.version, e.keep_alive);
    if (e.version >= 11) head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    stream_.expires_after(limits::transfer_time);
    const auto [error, length] = co_await http::async_write_header(stream_, serializer, no_throw);
    co_return !error;
}

io::awaitable<bool> connection::send_part(const exchange& e, const std::string& part) {
    if (part.empty()) co_return true;
    std::string framed = part;
    if (e.version >= 11) framed = boost::beast::buffers_to_string(http::make_chunk(asio::buffer(part)));
    const bool sent = co_await send_bytes(framed);
    co_return sent;
}

io::awaitable<bool> connection::send_end(const exchange& e) {
    if (e.version < 11) co_return false;  // the end of the connection ends the body
    const std::string last = "0\r\n\r\n";
    const bool sent = co_await send_bytes(last);
    co_return sent;
}

io::awaitable<connection::next_step> connection::send(const exchange& e, const response& r) {
    auto head = head_of(r, e.version, e.keep_alive);
    if (r.status != 204) head.content_length(r.body.size());
    http::response_serializer<http::empty_body> serializer(head);
    stream_.expires_after(limits::transfer_time);
    const auto [error, length] = co_await http::async_write_header(stream_, serializer, no_throw);
    if (error) co_return next_step::close;
    if (e.received.method != "HEAD") {
        const bool sent = co_await send_bytes(r.body);
        if (!sent) co_return next_step::close;
    }
    co_return e.keep_alive ? next_step::keep : next_step::close;
}

io::awaitable<connection::next_step> connection::send_stream(const exchange& e, const body_stream& stream) {
    auto next_part = [&]() -> reply {
        try {
            auto part = stream.next();
            response carried;
            carried.status = part ? 200 : 204;
            if (part) carried.body = std::move(*part);
            return carried;
        } catch (const api_error& error) {
            return error_response(error);
        }
    };
    // The first part is made before the head, so that a history that cannot be read is an error.
    auto first = co_await on_worker(hub_.workers, next_part);
    auto* part = &std::get<response>(first);
    if (part->status >= 400) {
        const auto step = co_await send(e, *part);
        co_return step;
    }
    bool going = co_await send_head(e, stream.head);
    while (going && part->status == 200) {
        going = co_await send_part(e, part->body);
        if (!going || is_over()) co_return next_step::close;
        first = co_await on_worker(hub_.workers, next_part);
        part = &std::get<response>(first);
    }
    // Without its end the body is seen to be cut.
    if (!going || part->status >= 400) co_return next_step::close;
    const bool ended = co_await send_end(e);
    co_return ended&& e.keep_alive ? next_step::keep : next_step::close;
}

io::awaitable<void> connection::close_gently() {
    io::error_code ignored;
    idle_since_ = io::clock::now();  // while it drains, it may be closed to make room for another
    stream_.socket().shutdown(io::tcp::socket::shutdown_send, ignored);
    std::string unwanted(16 * limits::kib, '\0');
    std::size_t drained = 0;
    stream_.expires_after(drain_time);
    while (drained < drained_bytes && !hub_.stopping) {
        const auto target = asio::buffer(unwanted);
        const auto [error, length] = co_await stream_.async_read_some(target, no_throw);
        if (error) break;
        drained += length;
    }
    stream_.close();
}

}  // namespace tunnel::inspector_http
