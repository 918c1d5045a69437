#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "inspector/base64_text.hpp"
#include "inspector/body_capture.hpp"
#include "inspector/export.hpp"
#include "inspector/har_reader.hpp"
#include "inspector/json_text.hpp"
#include "inspector/limits.hpp"
#include "inspector/query_values.hpp"
#include "inspector/record_json.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;

/// Whether the text may be parsed: readers of the value recurse, and each small value takes many times its text.
bool is_bounded(const json_extent& extent) {
    return extent.depth <= limits::json_depth && extent.values <= limits::import_values;
}

constexpr auto* too_large = "it nests too deep or has too many values";

/// Parses without exceptions.
std::optional<json> parse(std::string_view text) {
    auto value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return std::nullopt;
    // In place: a json converts to an optional in more than one way.
    return std::optional<json>(std::in_place, std::move(value));
}

field_lines name_values(const json& list) {
    field_lines fields;
    for (const auto& item : list)
        fields.emplace_back(item.at("name").get<std::string>(), item.at("value").get<std::string>());
    return fields;
}

std::string text_or_base64(const json& content) {
    auto text = content.value("text", std::string{});
    if (content.value("encoding", std::string{}) != "base64") return text;
    auto bytes = from_base64(text);
    if (!bytes) throw std::invalid_argument("a body is not base64");
    return std::move(*bytes);
}

std::string request_bytes(const json& request) {
    if (request.contains("_content")) return text_or_base64(request.at("_content"));
    return request.contains("postData") ? request.at("postData").value("text", std::string{}) : std::string{};
}

std::string response_bytes(const json& response) {
    return response.contains("content") ? text_or_base64(response.at("content")) : std::string{};
}

/// A body of a file: what the file says of its length may only be more than what it has.
body_copy body_of(std::string_view bytes, std::int64_t length) {
    auto body = copy_body(bytes, bytes.size());
    if (length > static_cast<std::int64_t>(body.length) && !bytes.empty())
        body.length = static_cast<std::uint64_t>(length);
    return body;
}

/// Path and query of an absolute URL.
std::string target_of(const std::string& url) {
    const auto scheme_end = url.find("://");
    const auto path = url.find_first_of("/?#", scheme_end == std::string::npos ? 0 : scheme_end + 3);
    if (path == std::string::npos) return "/";
    const auto target = url.substr(path, url.find('#', path) - path);
    return target.starts_with('/') ? target : "/" + target;
}

/// HAR bodies are decoded, and framing is not in them.
void drop_codings(field_lines& fields) {
    std::erase_if(fields, [](const auto& line) {
        return same_name(line.first, "Content-Encoding") || same_name(line.first, "Transfer-Encoding");
    });
}

phase_times phases_of(const json& timings) {
    duration reached{};
    const auto step = [&](const char* name) -> std::optional<duration> {
        if (!timings.contains(name) || !timings.at(name).is_number()) return std::nullopt;
        const double milliseconds = timings.at(name).get<double>();
        constexpr double longest = 1e12;
        if (!(milliseconds >= 0 && milliseconds < longest)) return std::nullopt;
        reached += duration(static_cast<std::int64_t>(milliseconds * 1000));
        return reached;
    };
    phase_times phases;
    phases.queued = step("blocked");
    phases.connected = step("connect");
    phases.sent = step("send");
    phases.first_byte = step("wait");
    phases.last_byte = step("receive");
    return phases;
}

void add_messages(const json& list, record& r) {
    for (const auto& item : list) {
        const bool text = item.at("opcode").get<int>() == 1;
        auto data = item.at("data").get<std::string>();
        if (!text) data = from_base64(data).value_or(std::string{});
        websocket_message message;
        message.sequence = r.messages.size() + 1;
        message.direction =
            item.at("type").get<std::string>() == "send" ? message_direction::from_caller : message_direction::from_app;
        message.kind = text ? message_kind::text : message_kind::binary;
        const auto since = std::chrono::duration<double>(item.at("time").get<double>()) -
                           std::chrono::duration<double>(r.arrived.time_since_epoch());
        constexpr double longest = 1e9;
        message.at = duration(static_cast<std::int64_t>(std::clamp(since.count(), 0.0, longest) * 1e6));
        message.length = data.size();
        message.data = std::move(data);
        r.messages.push_back(std::move(message));
    }
}

/// An entry of another program's file.
record foreign_entry(const json& entry) {
    const auto& request = entry.at("request");
    const auto& response = entry.at("response");
    record r;
    r.origin = record_origin::import;
    const auto arrived = parse_moment(entry.at("startedDateTime").get<std::string>());
    if (!arrived) throw std::invalid_argument("startedDateTime is not a time");
    r.arrived = time_point(duration(*arrived));
    r.public_url = request.at("url").get<std::string>();
    r.request.method = request.at("method").get<std::string>();
    r.request.target = target_of(r.public_url);
    r.request.fields = name_values(request.value("headers", json::array()));
    r.request.body = body_of(request_bytes(request), request.value("bodySize", std::int64_t{-1}));
    r.response.status = response.at("status").get<int>();
    r.response.fields = name_values(response.value("headers", json::array()));
    drop_codings(r.response.fields);
    r.response.body = body_of(response_bytes(response), -1);
    r.state = r.response.status == 0 ? record_state::failed : record_state::complete;
    r.outcome = response.value("_error", std::string{});
    r.phases = phases_of(entry.value("timings", json::object()));
    if (entry.contains("_webSocketMessages")) add_messages(entry.at("_webSocketMessages"), r);
    return r;
}

/// An entry of our own: `_tunnel` has all but the text of bodies.
record own_entry(const json& entry) {
    auto whole = entry.at("_tunnel");
    const auto restore = [](json& part, std::string bytes) {
        if (!part.at("body").contains("bytes")) part.at("body")["bytes"] = std::move(bytes);
    };
    restore(whole.at("request"), request_bytes(entry.at("request")));
    restore(whole.at("response"), response_bytes(entry.at("response")));
    std::string error;
    auto r = record_from_json(whole, error);
    if (!r) throw std::invalid_argument("_tunnel: " + error);
    return std::move(*r);
}

/// Nothing where the JSON is not a HAR file.
std::optional<import_result> import_har(std::string_view text, const std::function<void(record)>& take) {
    har_reader file(text);
    import_result result;
    while (const auto entry = file.next()) {
        try {
            if (!is_bounded(extent_of(*entry))) throw std::invalid_argument(too_large);
            const auto value = json::parse(*entry);
            take(value.contains("_tunnel") ? own_entry(value) : foreign_entry(value));
        } catch (const json::exception& failure) {
            result.error = fmt::format("entry {}: {}", result.records, without_error_name(failure.what()));
            return result;
        } catch (const std::invalid_argument& failure) {
            result.error = fmt::format("entry {}: {}", result.records, failure.what());
            return result;
        }
        ++result.records;
    }
    if (!file.has_log()) return std::nullopt;
    if (!file.has_list()) result.error = "the log has no list of entries";
    return result;
}

import_result import_ndjson(std::string_view text, const std::function<void(record)>& take) {
    import_result result;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const bool bounded = is_bounded(extent_of(line));
        const auto value = bounded ? parse(line) : std::nullopt;
        std::string error = bounded || !json::accept(line) ? "it is not JSON" : too_large;
        auto r = value ? record_from_json(*value, error) : std::nullopt;
        if (!r) {
            result.error = fmt::format("line {}: {}", number, error);
            return result;
        }
        take(std::move(*r));
        ++result.records;
    }
    return result;
}

}  // namespace

import_result import_records(std::string_view text, const std::function<void(record)>& take) {
    text = without_byte_order_mark(text);
    import_result result;
    if (text.size() > limits::import_bytes) {
        result.error = fmt::format("a file to import has at most {} MiB", limits::import_bytes / limits::mib);
        return result;
    }
    // A HAR file is one JSON object with a log; NDJSON has an object on each line.
    if (json::accept(text)) {
        if (auto har = import_har(text, take)) return std::move(*har);
    }
    return import_ndjson(text, take);
}

}  // namespace tunnel::inspector
