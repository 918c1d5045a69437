#include "mux/handshake.hpp"

#include <utility>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

handshake::result handshake::take(protocol::message&& first, std::error_code& error) {
    if (auto* goaway = std::get_if<protocol::goaway>(&first)) {
        farewell_ = std::move(*goaway);
        return result::goaway;
    }
    auto* hello = std::get_if<protocol::hello>(&first);
    if (hello == nullptr) {
        error = protocol::errc::no_hello_first;
        return result::refused;
    }
    theirs_ = std::move(*hello);
    if (theirs_.protocol != protocol::version) {
        error = protocol::errc::unsupported_version;
        return result::refused;
    }
    greeted_ = true;
    return result::greeted;
}

std::size_t handshake::largest_frame() const noexcept {
    return (greeted_ ? limits::max_frame : limits::max_hello) + protocol::frame_prefix;
}

}  // namespace tunnel::mux
