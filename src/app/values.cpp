#include "app/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::app {

namespace {

using namespace std::chrono_literals;

struct time_unit {
    std::string_view name;
    std::chrono::milliseconds length;
};
constexpr std::array time_units{time_unit{"", 1s}, time_unit{"s", 1s}, time_unit{"ms", 1ms}, time_unit{"m", 1min},
                                time_unit{"h", 1h}};

/// Billionths that the digits after a decimal point stand for; further digits are less than any time counts.
std::int64_t billionths(std::string_view fraction) {
    std::int64_t value = 0;
    for (std::int64_t worth = 100'000'000; !fraction.empty() && worth > 0; worth /= 10) {
        value += (fraction.front() - '0') * worth;
        fraction.remove_prefix(1);
    }
    return value;
}

}  // namespace

std::optional<std::size_t> parse_number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// By hand: not every standard library has std::from_chars for double, and strtod depends on the locale.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto unit = std::ranges::find(time_units, text.substr(unit_at), &time_unit::name);
    const auto number = text.substr(0, unit_at);
    const auto point = std::min(number.find('.'), number.size());
    const auto whole = parse_number(number.substr(0, point));
    const auto fraction = number.substr(std::min(point + 1, number.size()));
    if (unit == time_units.end() || !whole || fraction.find('.') != std::string_view::npos) return std::nullopt;

    const auto longest = static_cast<std::size_t>(limits::longest_setting.count());
    if (*whole > longest) return std::nullopt;
    const auto length = unit->length.count();
    const auto milliseconds =
        static_cast<std::int64_t>(*whole) * length + length * billionths(fraction) / 1'000'000'000;
    if (milliseconds < 1 || milliseconds > limits::longest_setting.count()) return std::nullopt;
    return std::chrono::milliseconds(milliseconds);
}

std::optional<std::size_t> parse_bytes(std::string_view text) {
    std::size_t unit = 1;
    if (text.ends_with("KiB")) unit = limits::kib;
    if (text.ends_with("MiB")) unit = limits::mib;
    if (unit != 1) text.remove_suffix(3);
    const auto number = parse_number(text);
    if (!number || *number > SIZE_MAX / unit) return std::nullopt;
    return *number * unit;
}

std::optional<bool> parse_bool(std::string_view text) {
    const auto is = [text](std::string_view word) { return iequals(text, word); };
    if (is("1") || is("true") || is("yes") || is("on")) return true;
    if (is("0") || is("false") || is("no") || is("off")) return false;
    return std::nullopt;
}

std::string duration_text(std::chrono::milliseconds t) {
    if (t % 1s == 0ms) return fmt::format("{}s", t / 1s);
    return fmt::format("{}ms", t / 1ms);
}

std::string bytes_text(std::size_t n) {
    if (n == 0) return "0";
    if (n % limits::mib == 0) return fmt::format("{}MiB", n / limits::mib);
    if (n % limits::kib == 0) return fmt::format("{}KiB", n / limits::kib);
    return fmt::format("{}", n);
}

std::string binary_size_for(std::string_view text) {
    const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
    auto unit = text.substr(unit_at);
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    if (unit_at == 0 || unit.empty() || unit.size() > 3) return {};
    const auto is = [unit](std::string_view letter) {
        return iequals(unit, letter) || iequals(unit, std::string(letter) + "b") ||
               iequals(unit, std::string(letter) + "ib");
    };
    const std::string number(text.substr(0, unit_at));
    if (is("k")) return number + "KiB";
    if (is("m")) return number + "MiB";
    if (!is("g") || number.size() > 6) return {};
    return fmt::format("{}MiB", *parse_number(number) * 1024);
}

std::string in_quotes(std::string_view value) {
    constexpr std::size_t longest = 80;
    std::string out = "\"";
    for (const char c : value.substr(0, longest)) {
        if (c >= ' ' && c <= '~')
            out += c;
        else
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
    if (value.size() > longest) out += "...";
    return out + '"';
}

}  // namespace tunnel::app
