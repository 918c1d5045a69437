#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tunnel/base/byte_buffer.hpp"

namespace tunnel::http {

/// One direction of a WebSocket that passes through the tunnel. Knows where its frames end, so that a Close frame of
/// the tunnel can stand between two of them, also inside a fragmented message (RFC 6455 section 5.4). Bytes that are
/// not frames pass like any others.
class websocket_passage {
 public:
    /// A client masks its frames (RFC 6455 section 5.3).
    enum class sender : std::uint8_t { client, server };

    explicit websocket_passage(sender from) noexcept : from_(from) {}

    /// The next bytes on their way. Once the end was asked for, a Close frame takes the place of what stands behind the
    /// frame in transit.
    void pass(byte_buffer& bytes);
    /// Asks for the end with code 1001, "going away". Returns the Close frame where it may be sent at once; empty where
    /// `pass` adds it, or where the sender has closed by itself.
    [[nodiscard]] std::string end();

 private:
    /// `ending`: the frame in transit is awaited. `ended`: our Close frame was sent, and nothing may follow it.
    /// `closed`: the sender's own Close frame has begun.
    enum class state : std::uint8_t { open, ending, ended, closed };

    [[nodiscard]] bool between_frames() const noexcept { return header_size_ == 0 && payload_left_ == 0; }
    /// Takes at least one byte of the `size` at `bytes`.
    std::size_t take(const char* bytes, std::size_t size) noexcept;
    [[nodiscard]] std::size_t header_length() const noexcept;
    void end_header() noexcept;
    [[nodiscard]] std::string close_frame() const;

    sender from_;
    state state_ = state::open;
    std::array<unsigned char, 14> header_{};  // of the frame that begins
    std::size_t header_size_ = 0;
    std::uint64_t payload_left_ = 0;
};

/// Both directions.
struct websocket_passages {
    websocket_passage to_app{websocket_passage::sender::client};
    websocket_passage to_caller{websocket_passage::sender::server};
    bool ending = false;  ///< the end was asked for
};

}  // namespace tunnel::http
