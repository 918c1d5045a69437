#include "base/log_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace tunnel {

namespace {

bool is_visible(char c) { return c >= ' ' && c <= '~'; }

/// Every byte for which `is_plain` is false is written as `form` has it.
template <class Plain>
void append_escaped(std::string& out, std::string_view text, fmt::format_string<unsigned char> form, Plain is_plain) {
    if (std::ranges::all_of(text, is_plain)) {
        out += text;
        return;
    }
    for (const char c : text) {
        if (is_plain(c))
            out += c;
        else
            fmt::format_to(std::back_inserter(out), form, static_cast<unsigned char>(c));
    }
}

/// n tenths with one digit behind the point.
void append_tenths(std::string& out, std::uint64_t n) {
    append_number(out, n / 10);
    out += '.';
    append_number(out, n % 10);
}

}  // namespace

void append_number(std::string& out, std::uint64_t n, std::size_t digits) {
    const fmt::format_int text(n);
    if (text.size() < digits) out.append(digits - text.size(), '0');
    out.append(text.data(), text.size());
}

void append_visible(std::string& out, std::string_view text) { append_escaped(out, text, "\\x{:02X}", is_visible); }

void append_word(std::string& out, std::string_view text) {
    append_escaped(out, text, "\\x{:02X}", [](char c) { return is_visible(c) && c != ' '; });
}

void append_json(std::string& out, std::string_view text) {
    append_escaped(out, text, "\\u{:04x}", [](char c) { return is_visible(c) && c != '"' && c != '\\'; });
}

void append_duration(std::string& out, std::uint64_t microseconds) {
    if (microseconds < 10'000) {
        append_tenths(out, microseconds / 100);
        out += "ms";
    } else if (microseconds < 10'000'000) {
        append_number(out, microseconds / 1000);
        out += "ms";
    } else {
        append_tenths(out, microseconds / 100'000);
        out += 's';
    }
}

void append_size(std::string& out, std::uint64_t bytes) {
    constexpr std::array<std::string_view, 6> units{"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        append_number(out, bytes);
        out += 'B';
        return;
    }
    std::size_t unit = 0;
    for (; bytes >= 1'000'000; ++unit) bytes /= 1000;
    append_tenths(out, bytes / 100);
    out += units.at(unit);
}

std::string counted(std::uint64_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace tunnel
