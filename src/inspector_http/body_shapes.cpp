#include <algorithm>

#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

/// Text where the bytes are text, else base64; the other one is null.
void add_bytes(ordered_json& to, std::string_view bytes) {
    const bool text = is_text(bytes);
    to["text"] = text ? ordered_json(bytes) : ordered_json(nullptr);
    to["base64"] = text ? ordered_json(nullptr) : ordered_json(to_base64(bytes));
}

ordered_json codings_json(const field_lines& fields) {
    auto list = ordered_json::array();
    const auto* found = find_field(fields, "Content-Encoding");
    if (!found) return list;
    std::string_view rest = *found;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        const auto first = std::min(rest.find_first_not_of(" \t"), end);
        auto coding = rest.substr(first, end - first);
        coding = coding.substr(0, coding.find_last_not_of(" \t") + 1);
        if (!coding.empty() && !same_name(coding, "identity")) list.push_back(shown_text(coding));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return list;
}

/// Without the beginning of a character of UTF-8 at the end, where that makes text of it: the rest was cut off.
std::string_view whole_characters(std::string_view bytes) {
    for (std::size_t back = 1; back <= 3 && back < bytes.size(); ++back) {
        const auto shorter = bytes.substr(0, bytes.size() - back);
        const auto byte = static_cast<unsigned char>(bytes[shorter.size()]);
        if (byte >= 0xC2) return is_text(shorter) ? shorter : bytes;
        if (byte < 0x80) break;
    }
    return bytes;
}

std::string_view op_of(change_type type, std::string_view added, std::string_view removed, std::string_view changed) {
    if (type == change_type::added) return added;
    return type == change_type::removed ? removed : changed;
}

ordered_json value_unless(bool absent, const std::string& value) {
    if (absent) return nullptr;
    return shown_text(value);
}

ordered_json field_json(const field_change& change) {
    const auto op = change.expected ? "ignored" : op_of(change.type, "added", "removed", "changed");
    return {{"op", op},
            {"name", shown_text(change.name)},
            {"a", value_unless(change.type == change_type::added, change.before)},
            {"b", value_unless(change.type == change_type::removed, change.after)}};
}

ordered_json lines_json(const std::vector<line_change>& lines) {
    auto list = ordered_json::array();
    const line_change* last = nullptr;
    std::size_t before = 0;
    std::size_t after = 0;
    for (const auto& line : lines) {
        const bool gap = (line.before_line != 0 && line.before_line != before + 1) ||
                         (line.after_line != 0 && line.after_line != after + 1);
        if (last && gap) list.push_back({{"op", "@"}, {"text", ""}, {"a", nullptr}, {"b", nullptr}});
        if (line.before_line != 0) before = line.before_line;
        if (line.after_line != 0) after = line.after_line;
        last = &line;
        const auto op = line.type == change_type::same ? "=" : op_of(line.type, "+", "-", "-");
        list.push_back({{"op", op},
                        {"text", shown_text(line.text)},
                        {"a", line.before_line == 0 ? ordered_json(nullptr) : ordered_json(line.before_line)},
                        {"b", line.after_line == 0 ? ordered_json(nullptr) : ordered_json(line.after_line)}});
    }
    return list;
}

ordered_json body_diff_json(const body_diff& diff) {
    const bool equal = diff.compared_as == body_comparison::same ||
                       (diff.compared_as == body_comparison::json && diff.json.empty() && !diff.truncated);
    ordered_json result{{"kind", "same"}, {"equal", equal}};
    if (diff.compared_as == body_comparison::same) return result;
    result["a_length"] = diff.before_length;
    result["b_length"] = diff.after_length;
    if (diff.compared_as == body_comparison::unknown) {
        result["kind"] = "unknown";
        return result;
    }
    if (diff.truncated) {
        result["kind"] = "cut";
        return result;
    }
    result["first_difference"] = diff.first_difference;
    if (diff.compared_as == body_comparison::json) {
        result["kind"] = "json";
        result["json"] = ordered_json::array();
        for (const auto& change : diff.json) {
            result["json"].push_back({{"op", op_of(change.type, "add", "remove", "replace")},
                                      {"pointer", shown_text(change.pointer)},
                                      {"a", value_unless(change.type == change_type::added, change.before)},
                                      {"b", value_unless(change.type == change_type::removed, change.after)}});
        }
    } else if (diff.compared_as == body_comparison::lines) {
        result["kind"] = "text";
        result["lines"] = lines_json(diff.lines);
    } else {
        result["kind"] = "bytes";
    }
    return result;
}

ordered_json line_json(const record& r, bool of_request) {
    if (of_request) return shown_text(r.request.method + " " + r.request.target);
    if (r.response.status == 0) return nullptr;
    return std::to_string(r.response.status);
}

}  // namespace

ordered_json view_json(const body_copy& body, const field_lines& fields, std::size_t limit) {
    const auto decoded = decode_body(body, fields, limit);
    const bool failed = !decoded.problem.empty();
    const auto* type = find_field(fields, "Content-Type");
    const std::string_view source = failed ? body.bytes : decoded.bytes;
    auto bytes = source.substr(0, limit);
    const bool all = bytes.size() == source.size() && (failed || !decoded.cut) && !body.truncated();
    if (!all && !is_text(bytes)) bytes = whole_characters(bytes);
    ordered_json view{{"length", body.length},
                      {"kept", body.bytes.size()},
                      {"media_type", type ? text_or_null(*type) : ordered_json(nullptr)},
                      {"codings", failed ? ordered_json::array() : codings_json(fields)},
                      {"decoded_length", bytes.size()},
                      {"truncated", !all},
                      {"decode_error", text_or_null(decoded.problem)}};
    add_bytes(view, bytes);
    return view;
}

ordered_json message_json(const websocket_message& message) {
    ordered_json result{{"seq", message.sequence},
                        {"from", message.direction == message_direction::from_caller ? "caller" : "app"},
                        {"type", to_string(message.kind)},
                        {"at_us", message.at.count()},
                        {"length", message.length},
                        {"truncated", message.length > message.data.size()}};
    if (message.kind == message_kind::close && message.data.size() >= 2) {
        const auto high = static_cast<unsigned char>(message.data[0]);
        const auto low = static_cast<unsigned char>(message.data[1]);
        result["close_code"] = high * 256 + low;
        add_bytes(result, std::string_view{message.data}.substr(2));
    } else if (message.kind == message_kind::text) {
        result["text"] = shown_text(message.data);
        result["base64"] = nullptr;
    } else {
        add_bytes(result, message.data);
    }
    return result;
}

ordered_json event_json(const stream_event& event) {
    return {{"seq", event.sequence},
            {"from", "app"},
            {"type", "event"},
            {"at_us", event.at.count()},
            {"length", event.length},
            {"truncated", event.length > event.data.size()},
            {"text", shown_text(event.data)},
            {"base64", nullptr},
            {"event", text_or_null(event.type)},
            {"event_id", text_or_null(event.id)}};
}

ordered_json half_diff_json(const record_diff& diff, const record& a, const record& b, bool of_request) {
    const auto& side = of_request ? diff.request : diff.response;
    const auto line_a = line_json(a, of_request);
    const auto line_b = line_json(b, of_request);
    auto body = body_diff_json(side.body);
    bool equal = line_a == line_b && body.at("equal").get<bool>();
    auto fields = ordered_json::array();
    for (const auto& change : side.fields) {
        fields.push_back(field_json(change));
        equal = equal && change.expected;
    }
    return {{"equal", equal},
            {"start_line", {{"a", line_a}, {"b", line_b}}},
            {"fields", std::move(fields)},
            {"body", std::move(body)}};
}

}  // namespace tunnel::inspector_http
