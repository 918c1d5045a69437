#include "tunnel/base/text.hpp"

#include <algorithm>

namespace tunnel {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool detail::iequals_of_one_size(std::string_view a, std::string_view b) noexcept {
    if (a == b) return true;  // nearly everyone writes them alike
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace tunnel
