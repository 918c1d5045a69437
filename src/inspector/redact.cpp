#include <algorithm>
#include <array>

#include "inspector/export.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::string_view replacement = "REDACTED";
constexpr std::array<std::string_view, 5> names{"authorization", "cookie", "set-cookie", "proxy-authorization",
                                                "x-api-key"};

void redact(field_lines& fields) {
    for (auto& [name, value] : fields) {
        if (is_secret_field(name)) value = replacement;
    }
}

void redact_head(std::string& head) {
    std::string result;
    bool secret = false;
    for (std::string_view rest = head; !rest.empty();) {
        const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
        rest.remove_prefix(line.size());
        const auto colon = line.find(':');
        // A line that begins with a blank goes on with the field before it (RFC 9112 section 5.2).
        const bool continued = line.starts_with(' ') || line.starts_with('\t');
        if (continued && secret) continue;
        secret =
            !continued && !result.empty() && colon != std::string_view::npos && is_secret_field(line.substr(0, colon));
        if (!secret) {
            result += line;
            continue;
        }
        result += line.substr(0, colon + 1);
        result += ' ';
        result += replacement;
        result += line.ends_with("\r\n") ? "\r\n" : "\n";
    }
    head = std::move(result);
}

}  // namespace

bool is_secret_field(std::string_view name) noexcept {
    return std::ranges::any_of(names, [&](auto secret) { return same_name(secret, name); }) ||
           contains_ignoring_case(name, "token") || contains_ignoring_case(name, "secret");
}

record redacted(record r) {
    redact(r.request.fields);
    redact(r.request.trailers);
    redact(r.response.fields);
    redact(r.response.trailers);
    redact_head(r.request.raw_received);
    redact_head(r.request.raw_sent);
    redact_head(r.response.raw_head);
    for (auto& head : r.response.interim) redact_head(head.raw);
    return r;
}

}  // namespace tunnel::inspector
