#include "mux/link_input.hpp"

#include <algorithm>

#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

namespace {

// A frame above this size is not moved to the front where it can stay: once it has begun, it is read to its end and no
// further, so that the next one begins at the front of an empty buffer.
constexpr std::size_t worth_leaving = limits::link_read / 8;

// A read, and the rest of a frame of body behind it.
constexpr std::size_t usual_input = 2 * limits::link_read;

}  // namespace

void link_input::read(io::tcp_stream& from, io::error_code& error) {
    if (frames_.empty() && frames_.capacity() > usual_input) frames_.reset();
    auto& into = expander_ ? expander_->received() : frames_;
    const auto missing = !expander_ && needed_ > rest().size() ? needed_ - rest().size() : 0;
    const auto most =
        into.spare() < limits::link_read / 2 ? limits::link_read : std::min(into.spare(), limits::link_read);
    const auto room = missing > 0 && needed_ > worth_leaving ? missing : most;
    if (!expander_) make_room(room);
    auto* const start = into.prepare(room);
    into.commit(from.read(start, room, error));
}

void link_input::make_room(std::size_t n) noexcept {
    if (decoded_ == 0 || frames_.spare() >= n) return;
    if (needed_ > worth_leaving && frames_.capacity() < usual_input) return;  // it grows instead, once
    frames_.consume(decoded_);
    decoded_ = 0;
}

void link_input::expect_compressed() {
    expander_.emplace();
    expander_->received().append(rest());
    frames_.clear();
    decoded_ = 0;
    needed_ = 0;
}

std::error_code link_input::expand() {
    make_room(limits::expand_at_once);
    return expander_->expand(frames_);
}

bool link_input::next(std::size_t largest_frame, const stream_set& streams, std::error_code& error) {
    fault_.clear();
    const auto frame = protocol::read_frame(rest(), error, streams.form() == protocol::body_form::raw);
    needed_ = frame.total;
    if (!error && needed_ > largest_frame) error = protocol::errc::frame_too_large;
    if (error) return true;
    if (!frame.complete()) return false;
    const auto form = frame.raw_body ? protocol::body_form::raw : protocol::body_form::base64;
    error = decoder_.decode(frame.payload, message_, form);
    decoded_ += frame.total;
    needed_ = 0;
    if (error) fault_ = decoder_.fault();
    if (!expander_ || (error && !protocol::is_stream_error(error))) return true;
    if (const auto bomb = expander_->count(frame.total, streams.body_on_wire(message_, form))) {
        error = bomb;
        fault_.clear();
    }
    return true;
}

void link_input::drop_decoded() noexcept {
    if (decoded_ != frames_.size()) return;
    frames_.clear();
    decoded_ = 0;
}

void link_input::discard() noexcept {
    frames_.clear();
    decoded_ = 0;
    needed_ = 0;
    expander_.reset();
}

}  // namespace tunnel::mux
