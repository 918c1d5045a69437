#include "client/server_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <variant>

#include "io/deadline.hpp"
#include "mux/foreign_protocol.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/version.hpp"

namespace tunnel::client {

namespace {

using std::chrono::system_clock;

protocol::hello probing_hello() {
    protocol::hello ours;
    ours.agent = "tunnel-client/" + std::string(program_version) + " (doctor)";
    ours.window = limits::initial_window;
    ours.max_streams = limits::max_streams;
    ours.versions = {protocol::version};
    ours.probe = true;
    return ours;
}

}  // namespace

io::awaitable<server_reply> server_probe::run() {
    io::deadline limit(socket_.get_executor(), [this] {
        expired_ = true;
        io::error_code ignored;
        socket_.close(ignored);
    });
    limit.set(limits::hello_time);
    co_await greet();
    if (reply_.hello && reply_.hello->probe) co_await measure();
    limit.stop();
    io::error_code ignored;
    socket_.close(ignored);
    co_return std::move(reply_);
}

io::awaitable<void> server_probe::greet() {
    byte_buffer frames;
    protocol::append_frame(frames, probing_hello());
    const auto sent = system_clock::now();
    co_await send(std::move(frames));
    auto first = co_await receive();
    const auto received = system_clock::now();
    if (!first) co_return;
    if (auto* goaway = std::get_if<protocol::goaway>(&*first)) {
        reply_.goaway = std::move(*goaway);
    } else if (auto* hello = std::get_if<protocol::hello>(&*first)) {
        reply_.hello = std::move(*hello);
        // The server read its clock half-way between.
        const auto ours = sent.time_since_epoch() + (received - sent) / 2;
        const auto theirs = std::chrono::milliseconds(reply_.hello->time);
        if (reply_.hello->time > 0)
            reply_.clock_ahead = theirs - std::chrono::duration_cast<std::chrono::milliseconds>(ours);
    } else {
        reply_.problem = "it does not begin with a hello";
    }
}

io::awaitable<void> server_probe::measure() {
    for (unsigned nonce = 1; nonce <= limits::doctor_pings; ++nonce) {
        byte_buffer frames;
        protocol::append_frame(frames, protocol::ping{nonce});
        const auto sent = io::clock::now();
        co_await send(std::move(frames));
        for (;;) {
            const auto reply = co_await receive();
            if (!reply) co_return;
            const auto* pong = std::get_if<protocol::pong>(&*reply);
            if (pong != nullptr && pong->nonce == nonce) break;
        }
        const auto took = std::chrono::ceil<std::chrono::microseconds>(io::clock::now() - sent);
        reply_.round_trip = nonce == 1 ? took : std::min(reply_.round_trip, took);
    }
}

io::awaitable<std::optional<protocol::message>> server_probe::receive() {
    for (;;) {
        protocol::message next;
        if (take_frame(next)) {
            const auto* ping = std::get_if<protocol::ping>(&next);
            if (ping == nullptr) co_return std::move(next);
            byte_buffer frames;
            protocol::append_frame(frames, protocol::pong{ping->nonce});
            co_await send(std::move(frames));
            continue;
        }
        if (!reply_.problem.empty()) co_return std::nullopt;
        constexpr std::size_t chunk = 4096;
        const auto into = io::asio::buffer(input_.prepare(chunk), chunk);
        const auto [error, size] = co_await socket_.async_read_some(into, io::no_throw);
        if (!error) {
            input_.commit(size);
            continue;
        }
        const auto* const begun =
            input_.empty() ? "it closes the connection without sending anything" : "it ends within a frame";
        if (reply_.problem.empty()) reply_.problem = expired_ ? "it does not greet" : begun;
        co_return std::nullopt;
    }
}

bool server_probe::take_frame(protocol::message& into) {
    std::error_code error;
    const auto frame = protocol::read_frame(input_.view(), error);
    if (error || frame.total > limits::max_hello + protocol::frame_prefix) {
        refuse_input("it does not speak the tunnel's protocol");
        return false;
    }
    if (!frame.complete()) return false;
    error = decoder_.decode(frame.payload, into);
    if (error) {
        refuse_input("it sends a message that is not valid: " + error.message());
        return false;
    }
    byte_buffer rest(input_.view().substr(frame.total));
    input_ = std::move(rest);
    return true;
}

void server_probe::refuse_input(std::string_view what) {
    const auto known = mux::foreign_protocol(input_.view());
    reply_.problem = known.empty() ? what : known;
}

// Where it fails, so does what is received next, which says why.
io::awaitable<void> server_probe::send(byte_buffer frames) {
    const auto bytes = io::asio::buffer(frames.data(), frames.size());
    co_await io::asio::async_write(socket_, bytes, io::no_throw);
}

}  // namespace tunnel::client
