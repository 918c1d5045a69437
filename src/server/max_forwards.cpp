#include "server/max_forwards.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace tunnel::server {

namespace {

constexpr std::string_view field_name = "Max-Forwards";
constexpr std::uint64_t most_hops = (std::uint64_t{1} << 31) - 1;

/// Digits and nothing else; a number that is too large for its type is the largest.
std::optional<std::uint64_t> read_hops(std::string_view text) {
    std::uint64_t hops = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hops);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
    return error == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : hops;
}

// RFC 9110 section 9.3.8: fields that are likely to hold secrets are left out of what TRACE reflects.
bool is_secret(std::string_view name) {
    for (const std::string_view secret : {"Authorization", "Proxy-Authorization", "Cookie"}) {
        if (iequals(name, secret)) return true;
    }
    return false;
}

std::string reflect(const http::request_head& head) {
    std::string text = head.method + " " + head.target + " HTTP/1.1\r\n";
    for (const auto f : head.fields) {
        if (!is_secret(f.name)) text.append(f.name).append(": ").append(f.value).append("\r\n");
    }
    return text + "\r\n";
}

void replace_value(http::field_list& fields, std::string_view value) {
    http::field_list changed;
    for (const auto f : fields) changed.add(f.name, iequals(f.name, field_name) ? value : f.value);
    fields = std::move(changed);
}

}  // namespace

std::optional<final_recipient_response> apply_max_forwards(http::request_head& head) {
    const bool trace = head.method == "TRACE";
    if (!trace && head.method != "OPTIONS") return std::nullopt;
    if (!head.fields.contains(field_name)) return std::nullopt;
    const auto hops = read_hops(head.fields.find(field_name));
    // Not a number: nothing to obey, and the app may know better.
    if (!hops) return std::nullopt;
    if (*hops > 0) {
        replace_value(head.fields, std::to_string(std::min(*hops - 1, most_hops)));
        return std::nullopt;
    }
    final_recipient_response response;
    response.head.status = 200;
    response.head.reason = "OK";
    if (trace) {
        response.head.fields.add("Content-Type", "message/http");
        response.body = reflect(head);
    }
    return response;
}

}  // namespace tunnel::server
