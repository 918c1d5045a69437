#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/limits.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspector {

/// permessage-deflate (RFC 7692) of both directions.
struct websocket_deflate {
    bool enabled = false;
    bool caller_keeps_window = true;  ///< unless client_no_context_takeover
    bool app_keeps_window = true;     ///< unless server_no_context_takeover
};
/// What the response's Sec-WebSocket-Extensions fields agreed on.
[[nodiscard]] websocket_deflate agreed_deflate(const field_lines& response_fields);

class inflate_stream;  // inflate_stream.hpp

/// Reads the messages of one direction of a WebSocket out of its bytes, however they are cut. It never fails the
/// connection: bytes that are not frames end the reading, and say so in problem().
class websocket_direction {
 public:
    websocket_direction(message_direction direction, bool deflate, bool keeps_window,
                        std::size_t cap = limits::message_bytes);
    ~websocket_direction();
    websocket_direction(websocket_direction&&) noexcept;
    websocket_direction& operator=(websocket_direction&&) noexcept;

    /// Appends the messages that ended within `bytes` to `done`; their sequence is left 0.
    void feed(std::string_view bytes, duration at, std::vector<websocket_message>& done);
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
    struct frame_head {
        bool fin = false;
        bool compressed = false;
        std::uint8_t opcode = 0;
        bool masked = false;
        std::uint64_t length = 0;
        std::array<unsigned char, 4> mask{};
    };
    bool take_head(std::string_view& bytes);
    bool begin_frame();
    void take_payload(std::string_view& bytes);
    void add(std::string_view payload);
    void end_frame(duration at, std::vector<websocket_message>& done);
    void fail(std::string_view why);

    message_direction direction_;
    bool deflate_;
    std::size_t cap_;
    std::unique_ptr<inflate_stream> inflate_;
    std::string head_bytes_;
    std::optional<frame_head> frame_;
    std::uint64_t taken_ = 0;  // payload bytes of the current frame
    std::optional<websocket_message> message_;
    websocket_message control_;
    std::string problem_;
};

/// Both directions of one exchange, with sequence numbers over both and the caps of an exchange.
class websocket_reader {
 public:
    explicit websocket_reader(const websocket_deflate& deflate, std::size_t cap = limits::message_bytes);

    /// Messages that ended within `bytes`; those over the caps of an exchange are counted instead.
    [[nodiscard]] std::vector<websocket_message> feed(message_direction direction, std::string_view bytes, duration at);
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    [[nodiscard]] const std::string& problem(message_direction direction) const noexcept;

 private:
    websocket_direction caller_;
    websocket_direction app_;
    std::uint64_t sequence_ = 0;
    std::uint64_t kept_ = 0;
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace tunnel::inspector
