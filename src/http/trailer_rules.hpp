#pragma once

#include <string_view>

namespace tunnel::http {

/// Fields that must not come in a trailer section: those of a single connection, and those that would mislead an
/// application which merges trailers into the header (RFC 9110 section 6.5.1).
[[nodiscard]] bool is_forbidden_trailer(std::string_view name) noexcept;

}  // namespace tunnel::http
