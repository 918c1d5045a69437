#include "client/tls_suspicion.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "io/deadline.hpp"
#include "io/dialler.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::string_view_literals;

// A record of type handshake with a ClientHello that offers TLS 1.2 with one cipher suite: a server takes it, or
// replies with an alert, and either is a TLS record.
constexpr auto client_hello =
    "\x16\x03\x01\x00\x2d"
    "\x01\x00\x00\x29\x03\x03"
    "0123456789abcdef0123456789abcdef"
    "\x00\x00\x02\xc0\x2f\x01\x00"sv;

bool is_tls_record(std::string_view bytes) {
    constexpr char alert = 0x15;
    constexpr char handshake = 0x16;
    return bytes.size() >= 2 && (bytes[0] == alert || bytes[0] == handshake) && bytes[1] == 0x03;
}

}  // namespace

io::awaitable<bool> tls_suspicion::check(io::executor strand, const options& settings) {
    const auto now = io::clock::now().time_since_epoch();
    const auto asked = asked_.load();
    if (asked != io::clock::duration() && now - asked < limits::tls_check_interval) co_return speaks_tls_;
    asked_ = now;
    io::dialler dialler(strand);
    auto where = local_addresses(settings);
    const auto error = co_await dialler.dial(std::move(where), limits::tls_check_time);
    if (error) co_return false;
    auto& socket = dialler.socket();
    io::deadline limit(strand, [&socket] {
        io::error_code ignored;
        socket.close(ignored);
    });
    limit.set(limits::tls_check_time);
    std::array<char, 2> answer{};
    const auto hello = io::asio::buffer(client_hello.data(), client_hello.size());
    const auto [failed, sent] = co_await io::asio::async_write(socket, hello, io::no_throw);
    const auto into = io::asio::buffer(answer);
    const auto [ended, size] = co_await io::asio::async_read(socket, into, io::no_throw);
    limit.stop();
    speaks_tls_ = !failed && is_tls_record({answer.data(), size});
    co_return speaks_tls_;
}

}  // namespace tunnel::client
