#include "inspector/text_search.hpp"

#include <algorithm>
#include <cstring>

namespace tunnel::inspector {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

const char* find_byte(const char* from, const char* end, char c) noexcept {
    const auto* const found = from == end ? nullptr : std::memchr(from, c, static_cast<std::size_t>(end - from));
    return found ? static_cast<const char*>(found) : end;
}

}  // namespace

std::string ascii_lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

bool contains_ignoring_case(std::string_view text, std::string_view wanted) noexcept {
    if (wanted.empty()) return true;
    if (wanted.size() > text.size()) return false;
    const char* const end = text.data() + (text.size() - wanted.size()) + 1;
    const char* at = text.data();
    // memchr is many times faster than a loop over bytes: bodies are megabytes.
    const char* next_lower = find_byte(at, end, wanted[0]);
    const char* next_upper = find_byte(at, end, upper(wanted[0]));
    for (;;) {
        at = std::min(next_lower, next_upper);
        if (at == end) return false;
        if (std::equal(wanted.begin(), wanted.end(), at, [](char w, char c) { return w == lower(c); })) return true;
        if (next_lower == at) next_lower = find_byte(at + 1, end, wanted[0]);
        if (next_upper == at) next_upper = find_byte(at + 1, end, upper(wanted[0]));
    }
}

}  // namespace tunnel::inspector
