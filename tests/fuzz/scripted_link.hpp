#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/script.hpp"
#include "io/asio.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::fuzz {

/// Our end of a connection whose other end belongs to the program under test. Never waits.
class end_of_wire {
 public:
    explicit end_of_wire(int file) : file_(file) {}
    end_of_wire(end_of_wire&& other) noexcept : received(std::move(other.received)), file_(other.file_) {
        other.file_ = -1;
    }
    end_of_wire& operator=(end_of_wire&&) = delete;
    ~end_of_wire() { close(); }

    /// As much as fits.
    void send(std::string_view bytes) const {
        if (file_ < 0) return;
        [[maybe_unused]] const auto sent = ::send(file_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    /// Takes what has come into `received`. False: nothing had.
    bool receive() {
        bool some = false;
        std::array<char, 65536> buffer{};
        while (file_ >= 0) {
            const auto n = ::recv(file_, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (n <= 0) break;
            received.append(buffer.data(), static_cast<std::size_t>(n));
            some = true;
        }
        return some;
    }
    void shutdown_send() const {
        if (file_ >= 0) ::shutdown(file_, SHUT_WR);
    }
    /// With a reset, so that ports of TCP are free again at once.
    void close() {
        if (file_ < 0) return;
        const linger at_once{1, 0};
        ::setsockopt(file_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(file_);
        file_ = -1;
    }

    std::string received;

 private:
    int file_;
};

/// A connected pair: one end for the program, one for the fuzzer. A local socket, which is cheap and leaves no port
/// behind.
inline end_of_wire connect_to(io::tcp::socket& program) {
    std::array<int, 2> files{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, files.data()) != 0) std::abort();
    program.assign(io::tcp::v4(), files[0]);
    return end_of_wire(files[1]);
}

inline std::string hello(script& from) {
    protocol::hello m;
    m.agent = "fuzz/1";
    m.window = 4096;
    m.max_streams = 8;
    m.takeover = true;
    m.raw_bodies = from.flag();
    byte_buffer frame;
    protocol::append_frame(frame, m);
    return std::string(frame.view());
}

/// Ids as they occur, and some that do not.
inline protocol::stream_id next_id(script& from) { return from.choice(6); }

inline void append_any_data(byte_buffer& out, protocol::stream_id id, script& from) {
    const auto body = from.any_text();
    const auto end = from.flag();
    const auto fields = from.fields();
    // Also where it was not agreed.
    const auto form = from.choice(4) == 3 ? protocol::body_form::raw : protocol::body_form::base64;
    protocol::append_data(out, id, body, end, fields, form);
}

/// A frame of any payload. `raw`: it says that a raw body follows its message.
inline void append_framed(byte_buffer& out, std::string_view payload, bool raw) {
    const auto size = static_cast<std::uint32_t>(payload.size()) | (raw ? 0x80000000U : 0U);
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        const auto byte = static_cast<char>(size >> (shift - 8) & 0xFFU);
        out.append({&byte, 1});
    }
    out.append(payload);
}

/// One frame of those that both sides send.
inline void append_shared_frame(byte_buffer& out, script& from) {
    const auto id = next_id(from);
    switch (from.choice(8)) {
        case 0:
            append_any_data(out, id, from);
            break;
        case 1:
            protocol::append_frame(out, protocol::window{id, from.choice(256) << 8U});
            break;
        case 2:
            protocol::append_frame(out, protocol::cancel{id, static_cast<protocol::cancel_reason>(from.choice(8))});
            break;
        case 3:
            protocol::append_frame(out, protocol::fin{id});
            break;
        case 4:
            protocol::append_frame(out, protocol::ping{id});
            break;
        case 5:
            protocol::append_frame(out,
                                   protocol::goaway{static_cast<protocol::goaway_reason>(from.choice(6)), "x", {}});
            break;
        case 6:
            protocol::append_frame(out, protocol::closed_connection{id});
            break;
        default: {  // free text in a frame of the right length
            const auto text = from.text(true);
            append_framed(out, text.empty() ? std::string_view("{}") : text, from.choice(4) == 3);
        }
    }
}

inline std::optional<std::uint64_t> maybe_length(script& from) {
    if (from.flag()) return std::nullopt;
    return from.choice(256);
}

}  // namespace tunnel::fuzz
