#include "client/proxy_handshake.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "io/deadline.hpp"
#include "tunnel/base/operation_limits.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/version.hpp"

namespace tunnel::client {

namespace {

constexpr unsigned proxy_authentication_required = 407;
constexpr unsigned unauthorized = 401;  // what tinyproxy says of a wrong password

std::string connect_request(const address& server, const std::string& credentials) {
    const auto target = to_string(server);
    auto request =
        fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: tunnel-client/{1}\r\n", target, program_version);
    if (!credentials.empty()) {
        std::string encoded(protocol::base64_encoded_size(credentials.size()), '\0');
        protocol::base64_encode(credentials, encoded.data());
        request += "Proxy-Authorization: Basic " + encoded + "\r\n";
    }
    return request + "\r\n";
}

/// Of "HTTP/1.1 200 ..."; 0: it is not a status line.
unsigned status_of(std::string_view head) {
    constexpr std::string_view version = "HTTP/1.";
    constexpr std::size_t before = version.size() + 2;
    if (!head.starts_with(version) || head.size() < before + 3) return 0;
    unsigned status = 0;
    for (const char c : head.substr(before, 3)) {
        if (c < '0' || c > '9') return 0;
        status = status * 10 + static_cast<unsigned>(c - '0');
    }
    return status;
}

}  // namespace

io::awaitable<std::string> proxy_handshake::run(address server, std::chrono::milliseconds limit) {
    io::deadline expiry(socket_.get_executor(), [this] {
        expired_ = true;
        cancel();
    });
    expiry.set(limit);
    const auto request = connect_request(server, proxy_.credentials);
    const auto bytes = io::asio::buffer(request);
    co_await io::asio::async_write(socket_, bytes, io::no_throw);
    auto problem = co_await read_response();
    expiry.stop();
    co_return problem;
}

void proxy_handshake::cancel() noexcept {
    io::error_code ignored;
    socket_.close(ignored);
}

// The server sends nothing before the client's hello, so nothing of it can come along with the proxy's response.
io::awaitable<std::string> proxy_handshake::read_response() {
    std::string head(limits::proxy_head, '\0');
    std::size_t size = 0;
    for (;;) {
        const auto into = io::asio::buffer(head.data() + size, head.size() - size);
        const auto [error, more] = co_await socket_.async_read_some(into, io::no_throw);
        if (error) {
            std::string reason = expired_ ? "it does not respond to CONNECT" : "it closes the connection";
            co_return reason;
        }
        size += more;
        const auto received = std::string_view(head).substr(0, size);
        const auto end = received.find("\r\n\r\n");
        if (end == std::string_view::npos && size < head.size()) continue;
        const auto status = status_of(received);
        const auto whole = end != std::string_view::npos;
        if (status == 0 || !whole) co_return std::string("it is not an HTTP proxy");
        co_return judge(status);
    }
}

std::string proxy_handshake::judge(unsigned status) const {
    if (status >= 200 && status < 300) return {};
    if (status == proxy_authentication_required || status == unauthorized) {
        const std::string_view problem = proxy_.credentials.empty()
                                             ? "it asks for a password: give --proxy http://USER:PASSWORD@HOST:PORT"
                                             : "it does not accept that user and password";
        return fmt::format("{} ({})", problem, status);
    }
    return fmt::format(
        "it responds with {} to CONNECT: many allow port 443 alone, on which tunnel-server can listen (--tcp-addr)",
        status);
}

}  // namespace tunnel::client
