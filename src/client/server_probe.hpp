#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "io/asio.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::client {

/// What a server said to a probe.
struct server_reply {
    std::optional<protocol::hello> hello;
    std::optional<protocol::goaway> goaway;                ///< in place of a hello
    std::string problem;                                   ///< where neither came: what came instead, as a sentence
    std::chrono::microseconds round_trip{};                ///< the shortest of some; 0: no ping was answered
    std::optional<std::chrono::milliseconds> clock_ahead;  ///< of the server, where it said its time
};

/// Shakes hands with a server without becoming its client (docs/protocol.md, section 6.1, `probe`), and measures the
/// round trip. An older server that makes the probe its client all the same is left at once.
class server_probe {
 public:
    /// `socket` is connected, and outlives this.
    explicit server_probe(io::tcp::socket& socket) : socket_(socket) {}

    /// Within limits::hello_time.
    [[nodiscard]] io::awaitable<server_reply> run();

 private:
    [[nodiscard]] io::awaitable<void> greet();
    [[nodiscard]] io::awaitable<void> measure();
    /// The next message; nothing where none comes, and reply_ says why.
    [[nodiscard]] io::awaitable<std::optional<protocol::message>> receive();
    /// Whether a whole frame was taken from the front of the input.
    [[nodiscard]] bool take_frame(protocol::message& into);
    void refuse_input(std::string_view what);
    [[nodiscard]] io::awaitable<void> send(byte_buffer frames);

    io::tcp::socket& socket_;
    byte_buffer input_;
    protocol::message_decoder decoder_;
    server_reply reply_;
    bool expired_ = false;
};

}  // namespace tunnel::client
