#include "mux/link_input.hpp"

#include <algorithm>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

void link_input::read(io::tcp_stream& from, io::error_code& error) {
    if (frames_.empty() && frames_.capacity() > 2 * limits::link_read) frames_.reset();
    auto& into = expander_ ? expander_->received() : frames_;
    const auto missing = !expander_ && needed_ > frames_.size() ? needed_ - frames_.size() : 0;
    const auto room = std::max(missing, into.spare() >= limits::link_read / 2 ? into.spare() : limits::link_read);
    auto* const start = into.prepare(room);
    into.commit(from.read(start, room, error));
}

void link_input::expect_compressed() {
    expander_.emplace();
    expander_->received().append(rest());
    frames_.clear();
    decoded_ = 0;
    needed_ = 0;
}

std::error_code link_input::expand() { return expander_->expand(frames_); }

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
    if (error && !protocol::is_stream_error(error)) {
        fault_ = decoder_.fault();
    } else if (expander_) {
        const auto bomb = expander_->count(frame.total, streams.body_on_wire(message_, form));
        if (bomb) error = bomb;
    }
    return true;
}

void link_input::drop_decoded() noexcept {
    frames_.consume(decoded_);
    decoded_ = 0;
}

void link_input::discard() noexcept {
    frames_.clear();
    decoded_ = 0;
    needed_ = 0;
    expander_.reset();
}

}  // namespace tunnel::mux
