#include "inspector/export_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector/limits.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

/// Of a connection (RFC 9110 section 7.6.1), or made anew by what sends the request.
constexpr std::array<std::string_view, 11> connection_names{
    "connection", "keep-alive", "proxy-connection", "te",   "trailer",       "transfer-encoding",
    "upgrade",    "expect",     "content-length",   "host", "http2-settings"};

bool is_plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_./:@%+=,-"}.find(c) != std::string_view::npos;
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }

bool is_listed(std::string_view list, std::string_view name) {
    const auto lower = ascii_lower(list);
    const auto wanted = ascii_lower(name);
    for (std::string_view rest = lower; !rest.empty();) {
        const auto comma = std::min(rest.find(','), rest.size());
        auto item = rest.substr(0, comma);
        item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
        item = item.substr(0, item.find_last_not_of(" \t") + 1);
        if (item == wanted) return true;
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
}

}  // namespace

std::string base_of(const record& r, const export_options& options) {
    if (!options.base_url.empty()) {
        const auto end = options.base_url.find_last_not_of('/');
        return options.base_url.substr(0, end == std::string::npos ? 0 : end + 1);
    }
    const auto url = url_of(r);
    const auto scheme_end = url.find("://");
    return url.substr(0, url.find_first_of("/?#", scheme_end + 3));
}

field_lines sendable_fields(const record& r) {
    const auto* connection = find_field(r.request.fields, "Connection");
    field_lines fields;
    for (const auto& line : r.request.fields) {
        const bool of_connection =
            std::ranges::any_of(connection_names, [&](auto name) { return same_name(name, line.first); }) ||
            (connection && is_listed(*connection, line.first));
        if (!of_connection) fields.push_back(line);
    }
    return fields;
}

const std::string* other_host(const record& r, std::string_view base) {
    const auto* host = find_field(r.request.fields, "Host");
    const auto authority = base.substr(base.find("://") + 3);
    return host && !same_name(*host, authority) ? host : nullptr;
}

std::vector<std::string> notes_on(const record& r, const export_options& options) {
    std::vector<std::string> notes;
    if (r.request.body.truncated()) {
        notes.push_back(fmt::format("The body is cut: {} of {} bytes were kept.", r.request.body.bytes.size(),
                                    r.request.body.length));
    }
    const bool secrets =
        std::ranges::any_of(r.request.fields, [](const auto& line) { return is_secret_field(line.first); });
    if (secrets && !options.include_secrets) notes.emplace_back("Secret fields are REDACTED.");
    if (!r.request.trailers.empty()) notes.emplace_back("The request had trailers, which are left out.");
    if (is_websocket(r)) notes.emplace_back("This request opened a WebSocket, which this does not do.");
    return notes;
}

std::string shell_word(std::string_view bytes) {
    if (!bytes.empty() && std::ranges::all_of(bytes, is_plain)) return std::string{bytes};
    const bool printable =
        is_utf8(bytes) && std::ranges::none_of(bytes, [](char c) { return is_control(c) && c != '\n' && c != '\t'; });
    std::string word = printable ? "'" : "$'";
    const bool utf8 = is_utf8(bytes);
    for (const char c : bytes) {
        if (printable) {
            word += c == '\'' ? std::string{"'\\''"} : std::string{c};
        } else if (c == '\'' || c == '\\') {
            word += '\\';
            word += c;
        } else if (is_control(c) || (!utf8 && static_cast<unsigned char>(c) >= 0x80)) {
            word += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            word += c;
        }
    }
    return word + "'";
}

bool fits_command_line(std::string_view body) noexcept {
    return body.size() <= limits::shell_argument && is_utf8(body) &&
           std::ranges::none_of(body, [](char c) { return is_control(c) && c != '\n' && c != '\t'; });
}

std::string base64_lines(std::string_view bytes) {
    constexpr std::size_t line_bytes = 57;  // 76 characters
    std::string text;
    while (!bytes.empty()) {
        const auto line = bytes.substr(0, line_bytes);
        text += to_base64(line) + "\n";
        bytes.remove_prefix(line.size());
    }
    return text;
}

}  // namespace tunnel::inspector
