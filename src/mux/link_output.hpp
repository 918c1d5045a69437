#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "io/asio.hpp"
#include "io/tcp_stream.hpp"
#include "mux/stream_set.hpp"
#include "protocol/stream_compressor.hpp"
#include "tunnel/base/byte_buffer.hpp"

namespace tunnel::mux {

/// The frames on their way into the socket of a link: filled from the streams buffer by buffer, written as far as the
/// socket takes them. Belongs to the link's strand.
class link_output {
 public:
    enum class result : std::uint8_t {
        drained,  ///< everything that was ready has been written
        more,     ///< there is more, for the next event-loop iteration
        blocked,  ///< the socket takes no more for now
        failed,   ///< `error` says why
    };

    /// Writes what the socket takes at once, one buffer of frames at most. `bodies`: frames of streams leave too.
    /// `moved`: whether the socket took anything.
    [[nodiscard]] result write(io::tcp_stream& to, stream_set& from, bool bodies, bool& moved, io::error_code& error);

    /// The first `uncompressed` bytes that leave from now on do so as they are, and all behind them compressed.
    void compress_behind(std::size_t uncompressed) {
        compressor_.emplace();
        uncompressed_ = uncompressed;
    }

    [[nodiscard]] bool blocked() const noexcept { return socket_is_ == socket_state::full; }
    /// The socket has room, or may have: the next write tries.
    void retry() noexcept { socket_is_ = socket_state::open; }

 private:
    enum class socket_state : std::uint8_t { open, full };

    [[nodiscard]] bool fill(stream_set& from, bool bodies);
    void compress(std::string_view frames);

    byte_buffer wire_;         // what the socket is given
    std::size_t written_ = 0;  // bytes of wire_ that the socket took
    byte_buffer frames_;       // what wire_ is compressed from, where it is
    std::optional<protocol::stream_compressor> compressor_;
    std::size_t uncompressed_ = 0;  // bytes still to come that are not compressed
    socket_state socket_is_ = socket_state::open;
    unsigned slow_for_ = 0;  // buffers for which the link counts as slow
};

}  // namespace tunnel::mux
