#include "mux/link_output.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <system_error>
#include <utility>

#include "io/gather.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

namespace {

// What `fill` puts into a buffer: link_queue, a frame of body behind it, and frames without a body.
constexpr std::size_t usual_output = 2 * limits::link_queue;

// One large burst must not make an idle link large for good. Where bodies have been sent, the next ones find room at
// once: a buffer that grows under them copies them, and doubles beyond what is kept.
void empty(byte_buffer& buffer) {
    buffer.clear();
    if (buffer.capacity() > usual_output) buffer.reset();
    if (buffer.capacity() > limits::body_slice) buffer.prepare(usual_output);
}

// The whole frames at the front that are compressed together.
std::size_t compressed_together(std::string_view frames) {
    std::size_t size = 0;
    while (size < std::min(limits::compressed_together, frames.size())) {
        std::error_code error;
        const auto frame = protocol::read_frame(frames.substr(size), error, true);
        if (error) return frames.size();  // it is too large, which the peer says
        size += frame.total;
    }
    return size;
}

}  // namespace

link_output::result link_output::write(io::tcp_stream& to, stream_set& from, bool bodies, bool& moved,
                                       io::error_code& error) {
    moved = false;
    if (blocked()) return result::blocked;
    bool filled = false;
    for (;;) {
        if (written_ == wire_.size()) {
            // A buffer an iteration: what has arrived meanwhile must not wait until all streams have written.
            const auto more = !from.control().empty() || (bodies && from.has_output());
            if (more && std::exchange(filled, true)) return result::more;
            if (!fill(from, bodies)) return result::drained;
        }
        const auto n = to.write(io::gather(wire_.view().substr(written_)), error);
        if (error == io::asio::error::would_block) {
            error.clear();
            socket_is_ = socket_state::full;
            slow_for_ = limits::slow_link_pieces;
            return result::blocked;
        }
        if (error) return result::failed;
        moved = moved || n > 0;
        written_ += n;
    }
}

bool link_output::fill(stream_set& from, bool bodies) {
    empty(wire_);
    written_ = 0;
    auto& frames = compressor_ ? frames_ : wire_;
    frames.append(from.control().view());
    from.control().clear();
    const auto shared_slice = slow_for_ > 0 ? limits::shared_body_slice : limits::body_slice;
    if (slow_for_ > 0) --slow_for_;
    if (bodies) from.fill(frames, limits::link_queue, shared_slice);
    if (compressor_) {
        const auto as_it_is = std::min(std::exchange(uncompressed_, 0), frames_.size());
        wire_.append(frames_.view().substr(0, as_it_is));
        compress(frames_.view().substr(as_it_is));
        empty(frames_);
    }
    return !wire_.empty();
}

void link_output::compress(std::string_view frames) {
    while (!frames.empty()) {
        const auto size = compressed_together(frames);
        compressor_->compress(frames.substr(0, size), wire_);
        frames.remove_prefix(size);
    }
}

}  // namespace tunnel::mux
