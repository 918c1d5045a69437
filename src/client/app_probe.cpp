#include "client/app_probe.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "client/tls_suspicion.hpp"
#include "io/connected_socket.hpp"
#include "io/deadline.hpp"
#include "io/dialler.hpp"
#include "tunnel/base/operation_limits.hpp"
#include "tunnel/version.hpp"

namespace tunnel::client {

namespace {

/// "HTTP/1.1 200"
constexpr std::size_t status_line_start = 12;
constexpr unsigned bad_request = 400;

/// 0: it is not the start of a status line.
unsigned status_in(std::string_view start) {
    if (start.size() < status_line_start || !start.starts_with("HTTP/1.")) return 0;
    unsigned status = 0;
    for (const char c : start.substr(status_line_start - 3)) {
        if (c < '0' || c > '9') return 0;
        status = status * 10 + static_cast<unsigned>(c - '0');
    }
    return status;
}

io::awaitable<app_reply> exchange_heads(io::tcp::socket& socket, std::string request) {
    app_reply reply;
    bool expired = false;
    io::deadline limit(socket.get_executor(), [&socket, &expired] {
        expired = true;
        io::error_code ignored;
        socket.close(ignored);
    });
    limit.set(limits::doctor_app_time);
    const auto bytes = io::asio::buffer(request);
    co_await io::asio::async_write(socket, bytes, io::no_throw);
    std::array<char, status_line_start> start{};
    const auto into = io::asio::buffer(start);
    const auto [error, size] = co_await io::asio::async_read(socket, into, io::no_throw);
    limit.stop();
    reply.status = status_in({start.data(), size});
    if (reply.status > 0) {
        reply.is = app_reply::kind::http;
    } else if (size > 0) {
        reply.is = app_reply::kind::other;
    } else {
        reply.is = expired ? app_reply::kind::silent : app_reply::kind::closed;
    }
    co_return reply;
}

}  // namespace

io::awaitable<app_reply> ask_app(io::executor strand, const options& settings, std::string host) {
    io::dialler dialler(strand);
    auto where = local_addresses(settings);
    const auto failed = co_await dialler.dial(std::move(where), settings.local_connect_timeout);
    app_reply reply;
    if (failed) {
        reply.detail = dialler.tried();
        co_return reply;
    }
    io::error_code ignored;
    const auto peer = io::endpoint_name(dialler.socket().remote_endpoint(ignored));
    if (host.empty()) host = to_string(tunnel::address{settings.local_host, settings.local_port});
    auto request =
        fmt::format("HEAD / HTTP/1.1\r\nHost: {}\r\nUser-Agent: tunnel-client/{}\r\nConnection: close\r\n\r\n", host,
                    program_version);
    reply = co_await exchange_heads(dialler.socket(), std::move(request));
    reply.where = peer;
    // Some servers refuse plain HTTP on a port for TLS with a response in plain HTTP.
    if (reply.is == app_reply::kind::http && reply.status != bad_request) co_return reply;
    tls_suspicion suspicion;
    const auto speaks_tls = co_await suspicion.check(strand, settings);
    if (speaks_tls) reply.is = app_reply::kind::tls;
    co_return reply;
}

}  // namespace tunnel::client
