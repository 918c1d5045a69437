#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "io/asio.hpp"
#include "io/tcp_stream.hpp"
#include "mux/stream_set.hpp"
#include "protocol/stream_expander.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::mux {

/// The bytes that have arrived on a link: read from its socket, expanded where they are compressed, cut into frames and
/// decoded one at a time. Belongs to the link's strand.
class link_input {
 public:
    /// Reads what the socket has, as far as there is room. `error` as tcp_stream::read.
    void read(io::tcp_stream& from, io::error_code& error);

    /// What has arrived and was not decoded is compressed, and so is all behind it.
    void expect_compressed();
    [[nodiscard]] bool compressed() const noexcept { return expander_.has_value(); }
    /// Whether compressed bytes wait for `expand`. Until then, `read` is not called.
    [[nodiscard]] bool pending() const noexcept { return expander_ && expander_->pending(); }
    /// Expands a piece. An error is the connection's.
    [[nodiscard]] std::error_code expand();

    /// Decodes the next frame into `message`. False: none is whole. `error`: the connection's, or the stream's, whose
    /// id `message` has.
    [[nodiscard]] bool next(std::size_t largest_frame, const stream_set& streams, std::error_code& error);
    [[nodiscard]] protocol::message& message() noexcept { return message_; }
    /// Which member broke which rule, where the last error of the connection was that of a message.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    /// The frames that `next` decoded are not needed any more.
    void drop_decoded() noexcept;

    /// What was not decoded yet; between frames, nothing.
    [[nodiscard]] std::string_view rest() const noexcept { return frames_.view().substr(decoded_); }
    [[nodiscard]] bool empty() const noexcept { return rest().empty(); }
    /// Drops everything; what follows is not expanded.
    void discard() noexcept;

 private:
    /// Moves what was not decoded to the front where there is no room for `n` bytes behind it.
    void make_room(std::size_t n) noexcept;

    byte_buffer frames_;
    std::size_t decoded_ = 0;  // bytes of frames_ that were decoded
    std::size_t needed_ = 0;   // size of the frame that has begun, where known
    std::optional<protocol::stream_expander> expander_;
    protocol::message_decoder decoder_;
    protocol::message message_;
    std::string fault_;
};

}  // namespace tunnel::mux
