#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "base/latin1.hpp"
#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector/export_parts.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

std::string javascript_string(std::string_view utf8) {
    return nlohmann::json(utf8).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// fetch sends each character of a field's value as one byte.
std::string javascript_bytes(std::string_view bytes) { return javascript_string(latin1_to_utf8(bytes)); }

/// Browsers do not let a script set these (Fetch standard, "forbidden request-header").
bool is_forbidden(std::string_view name) {
    constexpr std::array<std::string_view, 12> names{
        "accept-charset", "accept-encoding", "cookie",     "cookie2", "date", "dnt",
        "origin",         "referer",         "set-cookie", "via",     "host", "te"};
    const auto lower = ascii_lower(name);
    return lower.starts_with("sec-") || lower.starts_with("proxy-") || lower.starts_with("access-control-request-") ||
           std::ranges::find(names, lower) != names.end();
}

std::string with_prefix(const std::vector<std::string>& notes, std::string_view prefix) {
    std::string text;
    for (const auto& note : notes) text += std::string{prefix} + note + "\n";
    return text;
}

/// The head as it was, but for chunked framing, of which the body kept nothing.
std::string head_with_length(std::string_view head, std::size_t length) {
    std::string result;
    bool chunked = false;
    while (!head.empty()) {
        const auto line = head.substr(0, std::min(head.find('\n'), head.size() - 1) + 1);
        head.remove_prefix(line.size());
        if (same_name(line.substr(0, line.find(':')), "Transfer-Encoding")) {
            chunked = true;
            continue;
        }
        if (chunked && (line == "\r\n" || line == "\n")) result += "Content-Length: " + std::to_string(length) + "\r\n";
        result += line;
    }
    return result;
}

std::string head_of(std::string start_line, const field_lines& fields) {
    auto head = std::move(start_line) + "\r\n";
    for (const auto& [name, value] : fields) head.append(name).append(": ").append(value).append("\r\n");
    return head + "\r\n";
}

}  // namespace

std::string export_fetch(const record& r, const export_options& options) {
    const auto& body = r.request.body.bytes;
    const bool may_have_body = r.request.method != "GET" && r.request.method != "HEAD";
    auto notes = notes_on(r, options);
    if (!body.empty() && !may_have_body)
        notes.emplace_back("fetch does not send a body with " + r.request.method + ".");
    std::string text = with_prefix(notes, "// ");
    text += "const response = await fetch(" + javascript_string(base_of(r, options) + r.request.target) + ", {\n";
    text += "  method: " + javascript_string(r.request.method) + ",\n  redirect: \"manual\",\n  headers: [\n";
    for (const auto& [name, value] : sendable_fields(r)) {
        text += is_forbidden(name) ? "    // not in a browser: " : "    ";
        text += "[" + javascript_bytes(name) + ", " + javascript_bytes(value) + "],\n";
    }
    text += "  ],\n";
    if (!body.empty() && may_have_body) {
        text += "  body: ";
        // A string is sent as UTF-8.
        text += is_utf8(body) ? javascript_string(body)
                              : "Uint8Array.from(atob(\"" + to_base64(body) + "\"), (c) => c.charCodeAt(0))";
        text += ",\n";
    }
    return text + "});\n";
}

std::string export_http_file(const record& r, const export_options& options) {
    const auto base = base_of(r, options);
    const auto& body = r.request.body.bytes;
    auto notes = notes_on(r, options);
    const bool as_file = !is_text(body) || body.find("\n###") != std::string::npos || body.starts_with("###") ||
                         body.starts_with('<') || body.find("{{") != std::string::npos;
    const auto file = to_string(r.id) + ".request.bin";
    if (as_file) notes.push_back("Save the body of the request as " + file + " beside this file.");
    std::string text = "### " + r.request.method + " " + std::string{path_of(r)} + "\n" + with_prefix(notes, "# ");
    text += r.request.method + " " + base + r.request.target + " HTTP/1.1\n";
    if (const auto* host = other_host(r, base)) text += "Host: " + *host + "\n";
    for (const auto& [name, value] : sendable_fields(r)) text.append(name).append(": ").append(value) += '\n';
    if (body.empty()) return text + "\n";
    return text + "\n" + (as_file ? "< ./" + file : body) + "\n";
}

std::string export_raw_request(const record& r) {
    const auto& request = r.request;
    const auto head = request.raw_sent.empty()
                          ? head_of(request.method + " " + request.target + " HTTP/1.1", request.fields)
                          : request.raw_sent;
    return head_with_length(head, request.body.bytes.size()) + request.body.bytes;
}

std::string export_raw_response(const record& r) {
    const auto& response = r.response;
    if (response.status == 0) return {};
    const auto head = response.raw_head.empty()
                          ? head_of("HTTP/1.1 " + std::to_string(response.status) + " ", response.fields)
                          : response.raw_head;
    return head_with_length(head, response.body.bytes.size()) + response.body.bytes;
}

}  // namespace tunnel::inspector
