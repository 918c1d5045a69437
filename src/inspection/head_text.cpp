#include "inspection/head_text.hpp"

#include <string_view>

#include "client/request_head.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspection {

namespace {

/// The server adds its lines behind those of the caller.
std::string_view last_of(const http::field_list& fields, std::string_view name) {
    std::string_view value;
    for (const auto f : fields) {
        if (iequals(f.name, name)) value = f.value;
    }
    return value;
}

}  // namespace

inspector::field_lines to_lines(const http::field_list& fields) {
    inspector::field_lines lines;
    lines.reserve(fields.size());
    for (const auto f : fields) lines.emplace_back(f.name, f.value);
    return lines;
}

std::string head_text(const protocol::request& request, std::string_view app_host) {
    byte_buffer text;
    client::append_head(text, request, app_host);
    return std::string(text.view());
}

std::string head_text(const http::response_head& head) {
    std::string text = "HTTP/1.1 " + std::to_string(head.status) + ' ' + head.reason + "\r\n";
    for (auto line = head.fields.begin(); line != head.fields.end(); ++line) text += line.line();
    if (head.content_length) text += "Content-Length: " + std::to_string(*head.content_length) + "\r\n";
    return text + "\r\n";
}

std::string public_url_of(const http::request_head& head) {
    if (!head.target.starts_with('/')) return {};
    auto host = last_of(head.fields, "X-Forwarded-Host");
    if (host.empty()) host = head.fields.find("Host");
    const auto scheme = last_of(head.fields, "X-Forwarded-Proto");
    if (host.empty() || scheme.empty()) return {};
    return std::string(scheme) + "://" + std::string(host) + head.target;
}

}  // namespace tunnel::inspection
