#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/query_node.hpp"

/// The values of a filter: each returns nothing where the text is not such a value.
namespace tunnel::inspector {

struct number_range {
    std::int64_t first = 0;
    std::int64_t end = 0;  ///< one past the last
};
/// "404", "2xx".
[[nodiscard]] std::optional<number_range> parse_status(std::string_view text) noexcept;
/// "250ms", "1.5s", "2m", "1h", "3d"; microseconds. A bare number has `default_unit` microseconds.
[[nodiscard]] std::optional<std::int64_t> parse_time_span(std::string_view text, std::int64_t default_unit);
/// "100", "10k", "10KiB", "1.5M".
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
/// "2026-11-30", "2026-11-30T14:02", "2026-11-30T14:02:01.5Z", "...+02:00"; UTC unless it says otherwise; microseconds
/// since 1970.
[[nodiscard]] std::optional<std::int64_t> parse_moment(std::string_view text);
[[nodiscard]] std::optional<std::vector<signature_verdict>> parse_verdict(std::string_view text);
struct flag_value {
    record_flag flag;
    std::string label;
};
[[nodiscard]] std::optional<flag_value> parse_flag(std::string_view text);
[[nodiscard]] const std::vector<std::string_view>& flag_names();
[[nodiscard]] const std::vector<std::string_view>& verdict_names();
/// "data.items[0].id" or "data.items.0.id".
[[nodiscard]] std::optional<std::vector<std::string>> parse_json_path(std::string_view text);
/// A whole decimal number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace tunnel::inspector
