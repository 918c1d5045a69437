#include "mux/link_output.hpp"

#include <boost/asio/error.hpp>
#include <utility>

#include "io/gather.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {

link_output::result link_output::write(io::tcp_stream& to, stream_set& from, bool bodies, bool& moved,
                                       io::error_code& error) {
    moved = false;
    if (blocked()) return result::blocked;
    bool filled = false;
    for (;;) {
        if (written_ == frames_.size()) {
            // A buffer an iteration: what has arrived meanwhile must not wait until all streams have written.
            const auto more = !from.control().empty() || (bodies && from.has_output());
            if (more && std::exchange(filled, true)) return result::more;
            if (!fill(from, bodies)) return result::drained;
        }
        const auto n = to.write(io::gather(frames_.view().substr(written_)), error);
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
    frames_.clear();
    written_ = 0;
    // One large burst must not make an idle link large for good.
    if (frames_.capacity() > 2 * limits::link_queue) frames_.reset();
    frames_.append(from.control().view());
    from.control().clear();
    const auto shared_slice = slow_for_ > 0 ? limits::shared_body_slice : limits::body_slice;
    if (slow_for_ > 0) --slow_for_;
    if (bodies) from.fill(frames_, limits::link_queue, shared_slice);
    return !frames_.empty();
}

}  // namespace tunnel::mux
