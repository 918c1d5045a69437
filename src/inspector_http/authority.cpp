#include "inspector_http/authority.hpp"

#include <algorithm>
#include <charconv>

#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_name_character(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
}
bool is_address_character(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; }

std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
    std::uint16_t port = 0;
    const auto* const begin = digits.data();
    const auto* const end = begin + digits.size();
    const auto [stopped, error] = std::from_chars(begin, end, port);
    if (error != std::errc{} || stopped != end || port == 0) return std::nullopt;
    return port;
}

/// Characters of the host at the start of `text`, with brackets; 0 where it is not valid.
std::size_t host_length(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end < 3) return 0;
        return std::ranges::all_of(text.substr(1, end - 1), is_address_character) ? end + 1 : 0;
    }
    const auto host = text.substr(0, text.find(':'));
    return std::ranges::all_of(host, is_name_character) ? host.size() : 0;
}

}  // namespace

std::optional<authority> parse_authority(std::string_view text) {
    if (text.size() > limits::authority_bytes) return std::nullopt;
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), lower);
    const auto length = host_length(lowered);
    if (length == 0) return std::nullopt;
    authority result{lowered.substr(0, length), std::nullopt};
    const auto rest = std::string_view{lowered}.substr(length);
    if (rest.empty()) return result;
    if (rest.front() != ':') return std::nullopt;
    result.port = parse_port(rest.substr(1));
    if (!result.port) return std::nullopt;
    return result;
}

std::optional<authority> parse_origin(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return std::nullopt;
    return parse_authority(text.substr(scheme.size()));
}

}  // namespace tunnel::inspector_http
