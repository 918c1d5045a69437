#include "inspector/query_values.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>

namespace tunnel::inspector {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::optional<int> digits(std::string_view& text, std::size_t count) {
    int value = 0;
    if (text.size() < count) return std::nullopt;
    const auto* const begin = text.data();
    const auto [end, error] = std::from_chars(begin, begin + count, value);
    if (error != std::errc{} || end != begin + count || *begin == '-') return std::nullopt;
    text.remove_prefix(count);
    return value;
}

bool skip(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// A number followed by a unit, in units of the first column of `units`.
template <class Units>
std::optional<std::int64_t> with_unit(std::string_view text, const Units& units) {
    const auto number_end = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_number(text.substr(0, number_end));
    if (!number) return std::nullopt;
    const auto unit = text.substr(number_end);
    for (const auto& [name, factor] : units) {
        constexpr double largest = 9e18;
        const double value = *number * static_cast<double>(factor);
        if (same_name(name, unit) && value < largest) return std::llround(value);
    }
    return std::nullopt;
}

struct flag_row {
    std::string_view name;
    record_flag flag;
};
constexpr std::array flags{
    flag_row{"replay", record_flag::replay},     flag_row{"live", record_flag::live},
    flag_row{"import", record_flag::imported},   flag_row{"ws", record_flag::websocket},
    flag_row{"error", record_flag::error},       flag_row{"pending", record_flag::pending},
    flag_row{"complete", record_flag::complete}, flag_row{"failed", record_flag::failed},
    flag_row{"aborted", record_flag::aborted},   flag_row{"truncated", record_flag::truncated},
    flag_row{"marked", record_flag::marked},     flag_row{"duplicate", record_flag::duplicate},
    flag_row{"fault", record_flag::label},       flag_row{"stub", record_flag::label},
    flag_row{"held", record_flag::label},
};

struct verdict_row {
    std::string_view name;
    signature_verdict verdict;
};
using enum signature_verdict;
constexpr std::array verdicts{
    verdict_row{"valid", valid},         verdict_row{"ok", valid},
    verdict_row{"invalid", invalid},     verdict_row{"bad", invalid},
    verdict_row{"bad", stale},           verdict_row{"stale", stale},
    verdict_row{"unsigned", unsigned_},  verdict_row{"no_secret", no_secret},
    verdict_row{"truncated", truncated}, verdict_row{"unknown", unknown},
    verdict_row{"none", none},
};

template <class Rows>
std::vector<std::string_view> names_of(const Rows& rows) {
    std::vector<std::string_view> names;
    for (const auto& row : rows) names.push_back(row.name);
    return names;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    // std::from_chars for double is missing in libc++; strtod takes more than we do, such as "nan" and hexadecimal.
    constexpr std::size_t longest = 64;
    if (text.empty() || text.size() > longest) return std::nullopt;
    if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
    const std::string copy{text};
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<number_range> parse_status(std::string_view text) noexcept {
    if (text.size() != 3 || !is_digit(text[0])) return std::nullopt;
    const int hundreds = (text[0] - '0') * 100;
    if (same_name(text.substr(1), "xx")) return number_range{hundreds, hundreds + 100};
    if (!is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
    const int status = hundreds + (text[1] - '0') * 10 + (text[2] - '0');
    return number_range{status, status + 1};
}

std::optional<std::int64_t> parse_time_span(std::string_view text, std::int64_t default_unit) {
    struct unit {
        std::string_view name;
        std::int64_t microseconds;
    };
    constexpr std::int64_t second = 1'000'000;
    return with_unit(text, std::array{unit{"", default_unit}, unit{"us", 1}, unit{"ms", 1000}, unit{"s", second},
                                      unit{"m", 60 * second}, unit{"min", 60 * second}, unit{"h", 3600 * second},
                                      unit{"d", 86'400 * second}});
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    struct unit {
        std::string_view name;
        std::int64_t bytes;
    };
    constexpr std::int64_t k = 1024;
    return with_unit(text, std::array{unit{"", 1}, unit{"b", 1}, unit{"k", k}, unit{"kb", k}, unit{"kib", k},
                                      unit{"m", k * k}, unit{"mb", k * k}, unit{"mib", k * k}, unit{"g", k * k * k},
                                      unit{"gb", k * k * k}, unit{"gib", k * k * k}});
}

std::optional<std::int64_t> parse_moment(std::string_view text) {
    using namespace std::chrono;
    const auto year_number = digits(text, 4);
    if (!year_number || !skip(text, '-')) return std::nullopt;
    const auto month_number = digits(text, 2);
    if (!month_number || !skip(text, '-')) return std::nullopt;
    const auto day_number = digits(text, 2);
    if (!day_number) return std::nullopt;
    const auto date = year{*year_number} / *month_number / *day_number;
    if (!date.ok()) return std::nullopt;
    auto moment = time_point_cast<microseconds>(sys_days{date}).time_since_epoch();
    if (skip(text, 'T')) {
        const auto hour_number = digits(text, 2);
        if (!hour_number || *hour_number > 23 || !skip(text, ':')) return std::nullopt;
        const auto minute_number = digits(text, 2);
        if (!minute_number || *minute_number > 59) return std::nullopt;
        moment += hours(*hour_number) + minutes(*minute_number);
        if (skip(text, ':')) {
            const auto number =
                parse_number(text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size())));
            if (!number || *number >= 61) return std::nullopt;
            moment += microseconds(std::llround(*number * 1e6));
            text.remove_prefix(std::min(text.find_first_not_of("0123456789."), text.size()));
        }
    }
    if (text.starts_with('+') || text.starts_with('-')) {
        const int sign = text.starts_with('+') ? 1 : -1;
        text.remove_prefix(1);
        const auto offset_hours = digits(text, 2);
        static_cast<void>(skip(text, ':'));
        const auto offset_minutes = digits(text, 2);
        if (!offset_hours || !offset_minutes) return std::nullopt;
        moment -= sign * (hours(*offset_hours) + minutes(*offset_minutes));
    } else {
        static_cast<void>(skip(text, 'Z'));
    }
    if (!text.empty()) return std::nullopt;
    return moment.count();
}

std::optional<std::vector<signature_verdict>> parse_verdict(std::string_view text) {
    std::vector<signature_verdict> found;
    for (const auto& row : verdicts) {
        if (same_name(row.name, text)) found.push_back(row.verdict);
    }
    if (found.empty()) return std::nullopt;
    return found;
}

std::optional<flag_value> parse_flag(std::string_view text) {
    const auto found = std::ranges::find_if(flags, [&](const auto& row) { return same_name(row.name, text); });
    if (found == flags.end()) return std::nullopt;
    return flag_value{found->flag, std::string{found->name}};
}

const std::vector<std::string_view>& flag_names() {
    static const auto names = names_of(flags);
    return names;
}

const std::vector<std::string_view>& verdict_names() {
    static const auto names = names_of(verdicts);
    return names;
}

std::optional<std::vector<std::string>> parse_json_path(std::string_view text) {
    std::vector<std::string> path;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(".["), text.size());
        if (end == 0 && !text.starts_with('[')) return std::nullopt;
        if (end > 0) path.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        while (skip(text, '[')) {
            const auto close = text.find(']');
            if (close == std::string_view::npos || close == 0) return std::nullopt;
            path.emplace_back(text.substr(0, close));
            text.remove_prefix(close + 1);
        }
        if (text.empty()) break;
        if (!skip(text, '.') || text.empty()) return std::nullopt;
    }
    if (path.empty()) return std::nullopt;
    return path;
}

}  // namespace tunnel::inspector
