#pragma once

#include <string_view>

namespace tunnel::mux {

/// Names the protocol that the first bytes of a peer belong to, as a sentence for the log; empty if it is not known.
[[nodiscard]] std::string_view foreign_protocol(std::string_view bytes) noexcept;

}  // namespace tunnel::mux
