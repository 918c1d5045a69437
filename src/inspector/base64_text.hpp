#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tunnel::inspector {

/// Standard base64 (RFC 4648), padded.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing where the text is not base64; blanks and line ends are skipped.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace tunnel::inspector
