#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector/export_parts.hpp"
#include "inspector/record_json.hpp"
#include "inspector/record_time.hpp"

/// HAR 1.2 (https://w3c.github.io/web-performance/specs/HAR/Overview.html), with the extensions of Chrome and HTTP
/// Toolkit. What HAR cannot hold stands in `_tunnel`, so that our own files are read back whole.
namespace tunnel::inspector {

namespace {

using nlohmann::ordered_json;

ordered_json name_values(const field_lines& fields) {
    auto list = ordered_json::array();
    for (const auto& [name, value] : fields) list.push_back({{"name", name}, {"value", value}});
    return list;
}

std::string decoded_component(std::string_view text) {
    const auto digit = [](char c) {
        const auto at = std::string_view{"0123456789abcdef"}.find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
        return at == std::string_view::npos ? -1 : static_cast<int>(at);
    };
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
        const int low = high >= 0 ? digit(text[i + 2]) : -1;
        if (low >= 0) {
            result += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            result += text[i] == '+' ? ' ' : text[i];
        }
    }
    return result;
}

field_lines parameters_of(std::string_view encoded) {
    field_lines parameters;
    while (!encoded.empty()) {
        const auto pair = encoded.substr(0, encoded.find('&'));
        encoded.remove_prefix(std::min(pair.size() + 1, encoded.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto value = pair.substr(std::min(equals + 1, pair.size()));
        if (!pair.empty()) parameters.emplace_back(decoded_component(pair.substr(0, equals)), decoded_component(value));
    }
    return parameters;
}

ordered_json cookies_of(const field_lines& fields, std::string_view field_name, char separator) {
    auto cookies = ordered_json::array();
    for (const auto& [name, value] : fields) {
        if (!same_name(name, field_name)) continue;
        for (std::string_view rest = value; !rest.empty();) {
            auto pair = rest.substr(0, rest.find(separator));
            rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
            // Set-Cookie has one cookie and then its attributes.
            if (same_name(field_name, "Set-Cookie")) rest = {};
            pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
            const auto equals = std::min(pair.find('='), pair.size());
            cookies.push_back(
                {{"name", pair.substr(0, equals)}, {"value", pair.substr(std::min(equals + 1, pair.size()))}});
        }
    }
    return cookies;
}

std::string value_or(const field_lines& fields, std::string_view name, std::string_view otherwise) {
    const auto* found = find_field(fields, name);
    return found ? *found : std::string{otherwise};
}

/// "HTTP/1.1 201 Created" -> {"HTTP/1.1", "Created"}
std::pair<std::string, std::string> version_and_reason(std::string_view head) {
    const auto line = head.substr(0, head.find_first_of("\r\n"));
    const auto version = line.substr(0, line.find(' '));
    const auto status = line.find(' ');
    const auto reason = status == std::string_view::npos ? status : line.find(' ', status + 1);
    return {version.empty() ? "HTTP/1.1" : std::string{version},
            reason == std::string_view::npos ? std::string{} : std::string{line.substr(reason + 1)}};
}

std::int64_t size_or_unknown(std::size_t size) { return size == 0 ? -1 : static_cast<std::int64_t>(size); }

ordered_json request_entry(const record& r) {
    const auto& request = r.request;
    ordered_json entry{{"method", request.method},
                       {"url", url_of(r)},
                       {"httpVersion", "HTTP/1.1"},
                       {"cookies", cookies_of(request.fields, "Cookie", ';')},
                       {"headers", name_values(request.fields)},
                       {"queryString", name_values(parameters_of(query_of(r)))},
                       {"headersSize", size_or_unknown(request.raw_sent.size())},
                       {"bodySize", request.body.length}};
    if (request.body.length == 0) return entry;
    const auto type = value_or(request.fields, "Content-Type", "application/octet-stream");
    const bool text = is_text(request.body.bytes);
    const bool form = text && type.find("x-www-form-urlencoded") != std::string::npos;
    entry["postData"] = {{"mimeType", type},
                         {"params", name_values(form ? parameters_of(request.body.bytes) : field_lines{})},
                         {"text", text ? request.body.bytes : std::string{}}};
    if (request.body.truncated()) entry["_requestBodyStatus"] = "discarded:too-large";
    if (!text) {
        if (!request.body.truncated()) entry["_requestBodyStatus"] = "discarded:not-representable";
        entry["_content"] = {
            {"text", to_base64(request.body.bytes)}, {"size", request.body.bytes.size()}, {"encoding", "base64"}};
    }
    return entry;
}

ordered_json response_content(const record& r) {
    const auto& response = r.response;
    const auto decoded = decode_body(response.body, response.fields);
    ordered_json content{{"size", decoded.bytes.size()},
                         {"mimeType", value_or(response.fields, "Content-Type", "x-unknown")}};
    // A cut body is not decoded to its end: then nothing is known of the ratio.
    if (decoded.bytes.size() > response.body.length && !decoded.cut) {
        content["compression"] = decoded.bytes.size() - response.body.length;
    }
    if (decoded.bytes.empty()) return content;
    const bool text = is_text(decoded.bytes);
    content["text"] = text ? decoded.bytes : to_base64(decoded.bytes);
    if (!text) content["encoding"] = "base64";
    return content;
}

ordered_json response_entry(const record& r) {
    const auto& response = r.response;
    if (response.status == 0) {
        return {{"status", 0},
                {"statusText", ""},
                {"httpVersion", ""},
                {"cookies", ordered_json::array()},
                {"headers", ordered_json::array()},
                {"content", {{"size", 0}, {"mimeType", "x-unknown"}}},
                {"redirectURL", ""},
                {"headersSize", -1},
                {"bodySize", -1},
                {"_error", r.outcome.empty() ? std::string{to_string(r.state)} : r.outcome}};
    }
    const auto [version, reason] = version_and_reason(response.raw_head);
    return {{"status", response.status},
            {"statusText", reason},
            {"httpVersion", version},
            {"cookies", cookies_of(response.fields, "Set-Cookie", ';')},
            {"headers", name_values(response.fields)},
            {"content", response_content(r)},
            {"redirectURL", value_or(response.fields, "Location", "")},
            {"headersSize", size_or_unknown(response.raw_head.size())},
            {"bodySize", response.body.length}};
}

/// Milliseconds of each phase; -1 where it is not known and HAR allows that.
ordered_json timings_entry(const phase_times& phases, double& total) {
    duration reached{};
    total = 0;
    const auto step = [&](const std::optional<duration>& end, bool may_be_unknown) -> double {
        if (!end) return may_be_unknown ? -1 : 0;
        constexpr double microseconds = 1000;
        const auto spent = static_cast<double>(std::max(*end - reached, duration{}).count()) / microseconds;
        reached = std::max(reached, *end);
        total += spent;
        return spent;
    };
    ordered_json timings;
    timings["blocked"] = step(phases.queued, true);
    timings["dns"] = -1;
    timings["connect"] = step(phases.connected, true);
    timings["ssl"] = -1;
    timings["send"] = step(phases.sent, false);
    timings["wait"] = step(phases.first_byte, false);
    timings["receive"] = step(phases.last_byte, false);
    return timings;
}

ordered_json websocket_entries(const record& r) {
    auto list = ordered_json::array();
    for (const auto& message : r.messages) {
        const bool text = message.kind == message_kind::text;
        if (!text && message.kind != message_kind::binary) continue;
        const auto since = std::chrono::duration<double>((r.arrived + message.at).time_since_epoch());
        list.push_back({{"type", message.direction == message_direction::from_caller ? "send" : "receive"},
                        {"time", since.count()},
                        {"opcode", text ? 1 : 2},
                        {"data", text ? message.data : to_base64(message.data)}});
    }
    return list;
}

}  // namespace

std::string har_entry(const record& r) {
    ordered_json entry;
    double total = 0;
    auto timings = timings_entry(r.phases, total);
    entry["startedDateTime"] = to_rfc3339(r.arrived);
    entry["time"] = total;
    entry["request"] = request_entry(r);
    entry["response"] = response_entry(r);
    entry["cache"] = ordered_json::object();
    entry["timings"] = std::move(timings);
    entry["_id"] = to_string(r.id);
    entry["_parent"] = r.parent == 0 ? ordered_json(nullptr) : ordered_json(to_string(r.parent));
    entry["_truncated"] = is_truncated(r);
    if (is_websocket(r)) {
        entry["_resourceType"] = "websocket";
        entry["_webSocketMessages"] = websocket_entries(r);
    }
    auto whole = to_json(r, json_detail::whole);
    // Text that stands above need not stand here again.
    const auto drop_text = [](ordered_json& part, const ordered_json* text) {
        if (text && *text == part["body"]["bytes"]) part["body"].erase("bytes");
    };
    const auto& post = entry["request"].contains("postData") ? &entry["request"]["postData"]["text"] : nullptr;
    drop_text(whole["request"], post);
    auto& content = entry["response"]["content"];
    drop_text(whole["response"],
              content.contains("text") && !content.contains("encoding") ? &content["text"] : nullptr);
    entry["_tunnel"] = std::move(whole);
    return entry.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string ndjson_line(const record& r) { return to_json(r, json_detail::whole).dump() + "\n"; }

}  // namespace tunnel::inspector
