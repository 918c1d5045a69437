#include "inspector/record_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector/query_values.hpp"
#include "inspector/record_time.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json bytes_json(const std::string& bytes) {
    if (is_utf8(bytes)) return bytes;
    return {{"base64", to_base64(bytes)}};
}

ordered_json fields_json(const field_lines& fields) {
    auto list = ordered_json::array();
    for (const auto& [name, value] : fields) list.push_back(ordered_json::array({bytes_json(name), bytes_json(value)}));
    return list;
}

ordered_json time_json(const std::optional<duration>& time) {
    if (!time) return nullptr;
    return time->count();
}

ordered_json body_json(const body_copy& body, json_detail detail) {
    const auto digest = has_digest(body) ? ordered_json(to_hex(body.sha256)) : ordered_json(nullptr);
    ordered_json result{{"length", body.length}, {"sha256", digest}, {"truncated", body.truncated()}};
    // A summary has no bytes, and so cannot say whether any are missing.
    if (detail == json_detail::summary) result.erase("truncated");
    if (detail == json_detail::whole) result["bytes"] = bytes_json(body.bytes);
    return result;
}

std::string content_type(const field_lines& fields) {
    const auto* found = find_field(fields, "Content-Type");
    return found && is_utf8(*found) ? *found : std::string{};
}

ordered_json request_json(const request_copy& request, json_detail detail) {
    ordered_json result{{"type", content_type(request.fields)}, {"body", body_json(request.body, detail)}};
    if (detail == json_detail::summary) return result;
    result["fields"] = fields_json(request.fields);
    result["trailers"] = fields_json(request.trailers);
    result["raw_received"] = bytes_json(request.raw_received);
    result["raw_sent"] = bytes_json(request.raw_sent);
    return result;
}

ordered_json response_json(const response_copy& response, json_detail detail) {
    ordered_json result{{"type", content_type(response.fields)}, {"body", body_json(response.body, detail)}};
    if (detail == json_detail::summary) return result;
    result["fields"] = fields_json(response.fields);
    result["trailers"] = fields_json(response.trailers);
    result["raw_head"] = bytes_json(response.raw_head);
    result["interim"] = ordered_json::array();
    for (const auto& head : response.interim) {
        result["interim"].push_back({{"status", head.status}, {"raw", bytes_json(head.raw)}});
    }
    return result;
}

ordered_json message_json(const websocket_message& m) {
    return {{"sequence", m.sequence},    {"direction", to_string(m.direction)},
            {"kind", to_string(m.kind)}, {"compressed", m.compressed},
            {"at_us", m.at.count()},     {"length", m.length},
            {"data", bytes_json(m.data)}};
}

ordered_json event_json(const stream_event& e) {
    return {{"sequence", e.sequence}, {"at_us", e.at.count()}, {"type", bytes_json(e.type)},
            {"id", bytes_json(e.id)}, {"length", e.length},    {"data", bytes_json(e.data)}};
}

std::string bytes_from(const json& from) {
    if (from.is_null()) return {};
    if (from.is_string()) return from.get<std::string>();
    if (!from.is_object()) throw std::invalid_argument("a value is neither text nor base64");
    auto bytes = from_base64(from.at("base64").get<std::string>());
    if (!bytes) throw std::invalid_argument("a value is not base64");
    return std::move(*bytes);
}

std::string bytes_at(const json& from, const char* name) {
    return from.contains(name) ? bytes_from(from.at(name)) : std::string{};
}

field_lines fields_at(const json& from, const char* name) {
    field_lines fields;
    if (!from.contains(name)) return fields;
    for (const auto& line : from.at(name)) fields.emplace_back(bytes_from(line.at(0)), bytes_from(line.at(1)));
    return fields;
}

/// A duration from a file that anyone may have written, bounded so that sums and differences of times do not overflow.
duration time_from(const json& number) {
    constexpr duration longest = std::chrono::hours(24 * 365 * 100);
    return std::clamp(duration(number.get<std::int64_t>()), duration{}, longest);
}

duration time_at_or_zero(const json& from, const char* name) {
    return from.contains(name) ? time_from(from.at(name)) : duration{};
}

std::optional<duration> time_at(const json& from, const char* name) {
    if (!from.contains(name) || from.at(name).is_null()) return std::nullopt;
    return time_from(from.at(name));
}

record_id id_at(const json& from, const char* name) {
    if (!from.contains(name) || from.at(name).is_null()) return 0;
    const auto id = parse_record_id(from.at(name).get<std::string>());
    if (!id) throw std::invalid_argument(std::string(name) + " is not the id of an exchange");
    return *id;
}

sha256_bytes digest_from(const std::string& hex) {
    sha256_bytes digest{};
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        throw std::invalid_argument("sha256 is not hexadecimal");
    };
    if (hex.size() != 2 * digest.size()) throw std::invalid_argument("sha256 has not 64 digits");
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    return digest;
}

body_copy body_from(const json& from) {
    body_copy body;
    if (!from.contains("body")) return body;
    const auto& part = from.at("body");
    body.bytes = bytes_at(part, "bytes");
    body.length = part.value("length", std::uint64_t{body.bytes.size()});
    if (body.length < body.bytes.size()) throw std::invalid_argument("a body is longer than its length");
    if (part.contains("sha256") && !part.at("sha256").is_null())
        body.sha256 = digest_from(part.at("sha256").get<std::string>());
    return body;
}

/// The value that is written as `text`; throws where there is none.
template <class Enum, std::size_t N>
Enum value_of(const json& from, const char* name, const std::array<Enum, N>& values) {
    if (!from.contains(name)) return values[0];
    const auto text = from.at(name).get<std::string>();
    const auto found = std::ranges::find_if(values, [&](Enum value) { return to_string(value) == text; });
    if (found == values.end()) throw std::invalid_argument("\"" + text + "\" is not a value of " + name);
    return *found;
}

constexpr std::array origins{record_origin::live, record_origin::replay, record_origin::import};
constexpr std::array states{record_state::pending, record_state::complete, record_state::failed, record_state::aborted};
constexpr std::array directions{message_direction::from_caller, message_direction::from_app};
constexpr std::array kinds{message_kind::text, message_kind::binary, message_kind::close, message_kind::ping,
                           message_kind::pong};
using enum signature_verdict;
constexpr std::array verdicts{none, valid, invalid, stale, unsigned_, no_secret, truncated, unknown};

websocket_message message_from(const json& from) {
    return {from.value("sequence", std::uint64_t{0}),
            value_of(from, "direction", directions),
            value_of(from, "kind", kinds),
            from.value("compressed", false),
            time_at_or_zero(from, "at_us"),
            from.value("length", std::uint64_t{0}),
            bytes_at(from, "data")};
}

stream_event event_from(const json& from) {
    return {from.value("sequence", std::uint64_t{0}),
            time_at_or_zero(from, "at_us"),
            bytes_at(from, "type"),
            bytes_at(from, "id"),
            from.value("length", std::uint64_t{0}),
            bytes_at(from, "data")};
}

void read_parts(const json& from, record& r) {
    if (from.contains("phases")) {
        const auto& phases = from.at("phases");
        r.phases = {time_at(phases, "queued_us"), time_at(phases, "connected_us"), time_at(phases, "sent_us"),
                    time_at(phases, "first_byte_us"), time_at(phases, "last_byte_us")};
    }
    if (from.contains("webhook")) {
        const auto& webhook = from.at("webhook");
        r.webhook = {bytes_at(webhook, "provider"), bytes_at(webhook, "event"), bytes_at(webhook, "delivery"),
                     value_of(webhook, "signature", verdicts)};
    }
    if (from.contains("note")) {
        r.note = {from.at("note").value("marked", false), bytes_at(from.at("note"), "comment")};
    }
    if (from.contains("messages"))
        std::ranges::transform(from.at("messages"), std::back_inserter(r.messages), message_from);
    if (from.contains("events")) std::ranges::transform(from.at("events"), std::back_inserter(r.events), event_from);
    r.messages_dropped = from.value("messages_dropped", std::uint64_t{0});
}

time_point arrival_from(const json& from) {
    const auto arrived = parse_moment(from.at("arrived").get<std::string>());
    if (!arrived) throw std::invalid_argument("arrived is not a time");
    return time_point(duration(*arrived));
}

record read(const json& from) {
    record r;
    r.id = id_at(from, "id");
    r.parent = id_at(from, "parent");
    r.origin = value_of(from, "origin", origins);
    r.state = value_of(from, "state", states);
    r.arrived = arrival_from(from);
    r.caller = bytes_at(from, "caller");
    r.public_url = bytes_at(from, "public_url");
    r.app = bytes_at(from, "app");
    r.request.method = bytes_from(from.at("method"));
    r.request.target = bytes_from(from.at("target"));
    r.response.status = from.value("status", 0);
    r.outcome = bytes_at(from, "outcome");
    r.labels = from.value("labels", std::vector<std::string>{});
    if (from.contains("request")) {
        const auto& request = from.at("request");
        r.request.body = body_from(request);
        r.request.fields = fields_at(request, "fields");
        r.request.trailers = fields_at(request, "trailers");
        r.request.raw_received = bytes_at(request, "raw_received");
        r.request.raw_sent = bytes_at(request, "raw_sent");
    }
    if (from.contains("response")) {
        const auto& response = from.at("response");
        r.response.body = body_from(response);
        r.response.fields = fields_at(response, "fields");
        r.response.trailers = fields_at(response, "trailers");
        r.response.raw_head = bytes_at(response, "raw_head");
        for (const auto& head : response.value("interim", json::array())) {
            r.response.interim.push_back({head.value("status", 0), bytes_at(head, "raw")});
        }
    }
    read_parts(from, r);
    return r;
}

}  // namespace

ordered_json to_json(const record& r, json_detail detail) {
    ordered_json result;
    result["id"] = to_string(r.id);
    result["parent"] = r.parent == 0 ? ordered_json(nullptr) : ordered_json(to_string(r.parent));
    result["origin"] = to_string(r.origin);
    result["state"] = to_string(r.state);
    result["arrived"] = to_rfc3339(r.arrived);
    result["caller"] = bytes_json(r.caller);
    result["public_url"] = bytes_json(r.public_url);
    result["app"] = bytes_json(r.app);
    result["method"] = bytes_json(r.request.method);
    result["target"] = bytes_json(r.request.target);
    result["status"] = r.response.status;
    result["outcome"] = bytes_json(r.outcome);
    result["labels"] = r.labels;
    result["phases"] = {{"queued_us", time_json(r.phases.queued)},
                        {"connected_us", time_json(r.phases.connected)},
                        {"sent_us", time_json(r.phases.sent)},
                        {"first_byte_us", time_json(r.phases.first_byte)},
                        {"last_byte_us", time_json(r.phases.last_byte)}};
    result["webhook"] = {{"provider", bytes_json(r.webhook.provider)},
                         {"event", bytes_json(r.webhook.event)},
                         {"delivery", bytes_json(r.webhook.delivery)},
                         {"signature", to_string(r.webhook.signature)}};
    result["note"] = {{"marked", r.note.marked}, {"comment", bytes_json(r.note.comment)}};
    result["request"] = request_json(r.request, detail);
    result["response"] = response_json(r.response, detail);
    result["messages_dropped"] = r.messages_dropped;
    if (detail == json_detail::summary) return result;
    result["messages"] = ordered_json::array();
    for (const auto& message : r.messages) result["messages"].push_back(message_json(message));
    result["events"] = ordered_json::array();
    for (const auto& event : r.events) result["events"].push_back(event_json(event));
    return result;
}

// "[json.exception.type_error.302] type must be string, but is number"
std::string without_error_name(std::string what) {
    const auto bracket = what.find("] ");
    if (bracket != std::string::npos) what.erase(0, bracket + 2);
    return what;
}

std::optional<record> record_from_json(const json& from, std::string& error) {
    try {
        return read(from);
    } catch (const json::exception& failure) {
        error = without_error_name(failure.what());
    } catch (const std::invalid_argument& failure) {
        error = failure.what();
    }
    return std::nullopt;
}

}  // namespace tunnel::inspector
