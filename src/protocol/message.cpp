#include "tunnel/protocol/message.hpp"

#include <array>
#include <cstddef>

namespace tunnel::protocol {

namespace {

// In the order of the enumerations; the last name stands for whatever this version does not know.
constexpr std::array<std::string_view, 8> cancel_names{"caller-gone", "local-reset", "local-timeout", "too-large",
                                                       "protocol",    "shutdown",    "reset",         "other"};
constexpr std::array<std::string_view, 6> goaway_names{"replaced", "busy", "shutdown", "version", "protocol", "other"};
static_assert(cancel_names.size() == static_cast<std::size_t>(cancel_reason::other) + 1);
static_assert(goaway_names.size() == static_cast<std::size_t>(goaway_reason::other) + 1);

template <std::size_t N>
std::size_t index_of(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
    std::size_t i = 0;
    while (i != N - 1 && names[i] != name) ++i;
    return i;
}

}  // namespace

std::string_view to_string(cancel_reason reason) noexcept { return cancel_names[static_cast<std::size_t>(reason)]; }

cancel_reason cancel_reason_from(std::string_view name) noexcept {
    return static_cast<cancel_reason>(index_of(cancel_names, name));
}

std::string_view to_string(goaway_reason reason) noexcept { return goaway_names[static_cast<std::size_t>(reason)]; }

goaway_reason goaway_reason_from(std::string_view name) noexcept {
    return static_cast<goaway_reason>(index_of(goaway_names, name));
}

}  // namespace tunnel::protocol
