#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The syntax of setting values. Nothing here depends on the locale.
namespace tunnel::app {

/// A number without sign, fraction or blanks.
[[nodiscard]] std::optional<std::size_t> parse_number(std::string_view text);
/// "30s", "500ms", "1.5m", "2h"; a bare number is seconds. At least a millisecond, at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "4096", "60KiB", "1MiB".
[[nodiscard]] std::optional<std::size_t> parse_bytes(std::string_view text);
/// 1, true, yes, on and their opposites.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

/// The shortest text that parses to the same value.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds t);
[[nodiscard]] std::string bytes_text(std::size_t n);

/// The binary size that a size with a decimal or shortened unit probably means: "10MiB" for "10MB" and "10M". Empty
/// where it does not look like one.
[[nodiscard]] std::string binary_size_for(std::string_view text);

/// A value in quotes, safe on one line of a terminal and shortened.
[[nodiscard]] std::string in_quotes(std::string_view value);

}  // namespace tunnel::app
