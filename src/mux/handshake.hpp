#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <variant>

#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// What the first message of a peer means: it must be a hello of this protocol version, or a goaway that ends the
/// connection (docs/protocol.md, "Hello"). No I/O.
class handshake {
 public:
    enum class result : std::uint8_t { greeted, goaway, refused };

    /// Takes the first message. `refused`: `error` says why.
    [[nodiscard]] result take(protocol::message&& first, std::error_code& error);

    /// Largest frame that may arrive now, its prefix included.
    [[nodiscard]] std::size_t largest_frame() const noexcept;

    /// Whether a hello was refused for its version.
    [[nodiscard]] bool other_version() const noexcept { return theirs_.protocol != protocol::version; }

    [[nodiscard]] protocol::hello& theirs() noexcept { return theirs_; }
    [[nodiscard]] const protocol::goaway& farewell() const noexcept { return farewell_; }

 private:
    protocol::hello theirs_;
    protocol::goaway farewell_;
    bool greeted_ = false;
};

}  // namespace tunnel::mux
