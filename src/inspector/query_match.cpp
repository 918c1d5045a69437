#include <algorithm>
#include <functional>

#include "inspector/json_path.hpp"
#include "inspector/json_text.hpp"
#include "inspector/match_context.hpp"
#include "inspector/query_node.hpp"
#include "inspector/query_values.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;

bool ignores_case(query_subject subject) noexcept {
    return subject == query_subject::method || subject == query_subject::host || subject == query_subject::provider;
}

bool text_matches(const query_term& t, std::string_view value) {
    switch (t.op) {
        case query_operator::regex:
            return t.regex->found_in(value);
        case query_operator::equal:
            return ignores_case(t.subject) ? same_name(value, t.text) : value == t.text;
        default:
            // method:P would otherwise find POST and PUT.
            if (t.subject == query_subject::method) return same_name(value, t.text);
            return contains_ignoring_case(value, ascii_lower(t.text));
    }
}

bool number_matches(const query_term& t, std::int64_t value) noexcept {
    switch (t.op) {
        case query_operator::greater:
            return value >= t.number_end;
        case query_operator::greater_equal:
            return value >= t.number;
        case query_operator::less:
            return value < t.number;
        case query_operator::less_equal:
            return value < t.number_end;
        default:
            return value >= t.number && value < t.number_end;
    }
}

bool flag_matches(const query_term& t, const record& r) {
    switch (t.flag) {
        case record_flag::replay:
            return r.origin == record_origin::replay;
        case record_flag::live:
            return r.origin == record_origin::live;
        case record_flag::imported:
            return r.origin == record_origin::import;
        case record_flag::websocket:
            return is_websocket(r);
        case record_flag::error:
            return is_error(r.state, r.response.status);
        case record_flag::pending:
            return r.state == record_state::pending;
        case record_flag::complete:
            return r.state == record_state::complete;
        case record_flag::failed:
            return r.state == record_state::failed;
        case record_flag::aborted:
            return r.state == record_state::aborted;
        case record_flag::truncated:
            return is_truncated(r);
        case record_flag::marked:
            return r.note.marked;
        case record_flag::duplicate:
            return r.among_attempts.duplicate;
        case record_flag::label:
            return std::ranges::find(r.labels, t.text) != r.labels.end();
    }
    return false;
}

bool fields_match(const query_term& t, const field_lines& fields) {
    return std::ranges::any_of(fields, [&](const field_line& line) {
        if (!t.name.empty()) return same_name(line.first, t.name) && text_matches(t, line.second);
        return text_matches(t, line.first + ": " + line.second);
    });
}

bool json_value_matches(const query_term& t, const json& value) {
    const auto text = value.is_string() ? value.get<std::string>() : value_text(value);
    const auto number = value.is_string() ? std::nullopt : parse_number(text);
    const bool numbers = number && t.json_number;
    const auto ordered = [&](auto compare) {
        return numbers ? compare(*number, *t.json_number) : !number && compare(text.compare(t.text), 0);
    };
    switch (t.op) {
        case query_operator::regex:
            return t.regex->found_in(text);
        case query_operator::greater:
            return ordered(std::greater<>());
        case query_operator::greater_equal:
            return ordered(std::greater_equal<>());
        case query_operator::less:
            return ordered(std::less<>());
        case query_operator::less_equal:
            return ordered(std::less_equal<>());
        case query_operator::contains:
            if (value.is_string() || value.is_structured()) return contains_ignoring_case(text, ascii_lower(t.text));
            [[fallthrough]];
        case query_operator::equal:
            // Whole numbers are compared as text: a double does not hold 19 digits.
            if (numbers && !value.is_number_integer() && !value.is_binary()) return *number == *t.json_number;
            return text == t.text;
    }
    return false;
}

bool body_matches(const query_term& t, std::string_view text, const std::function<const json*()>& parsed) {
    if (t.json_path.empty()) return !text.empty() && text_matches(t, text);
    if (text.empty()) return false;
    const auto* const value = parsed();
    return value && any_at(*value, t.json_path, [&](const json& found) { return json_value_matches(t, found); });
}

bool request_body_matches(const query_term& t, match_context& context) {
    return body_matches(t, context.request_body(), [&] { return context.request_json(); });
}

bool response_body_matches(const query_term& t, match_context& context) {
    return body_matches(t, context.response_body(), [&] { return context.response_json(); });
}

bool everything_matches(const query_term& t, match_context& context) {
    const auto& r = context.r();
    const auto texts = {url_of(r),          r.request.method, r.request.target,   r.caller,       r.outcome,
                        r.webhook.provider, r.webhook.event,  r.webhook.delivery, r.note.comment, to_string(r.id)};
    return std::ranges::any_of(texts, [&](const auto& text) { return text_matches(t, text); }) ||
           fields_match(t, r.request.fields) || fields_match(t, r.response.fields) ||
           fields_match(t, r.request.trailers) || fields_match(t, r.response.trailers) ||
           request_body_matches(t, context) || response_body_matches(t, context) ||
           std::ranges::any_of(r.messages, [&](const auto& m) { return text_matches(t, m.data); }) ||
           std::ranges::any_of(r.events, [&](const auto& e) { return text_matches(t, e.data); });
}

std::string_view content_type(const field_lines& fields) {
    const auto* found = find_field(fields, "Content-Type");
    return found ? std::string_view{*found} : std::string_view{};
}

/// Terms that look at more than the summary of a record.
bool content_matches(const query_term& t, match_context& context) {
    const auto& r = context.r();
    using enum query_subject;
    switch (t.subject) {
        case has:
            return find_field(r.request.fields, t.name) || find_field(r.response.fields, t.name);
        case any_header:
            return fields_match(t, r.request.fields) || fields_match(t, r.response.fields);
        case request_header:
            return fields_match(t, r.request.fields);
        case response_header:
            return fields_match(t, r.response.fields);
        case any_body:
            return request_body_matches(t, context) || response_body_matches(t, context);
        case request_body:
            return request_body_matches(t, context);
        case response_body:
            return response_body_matches(t, context);
        case everything:
            return everything_matches(t, context);
        default:
            return false;
    }
}

bool term_matches(const query_term& t, match_context& context) {
    const auto& r = context.r();
    using enum query_subject;
    switch (t.subject) {
        case method:
            return text_matches(t, r.request.method);
        case path:
            return text_matches(t, path_of(r));
        case url:
            return text_matches(t, url_of(r));
        case host:
            return text_matches(t, host_of(r));
        case query_subject::query:
            return text_matches(t, query_of(r));
        case status:
            return r.response.status != 0 && number_matches(t, r.response.status);
        case query_subject::total_time:
            return r.phases.last_byte && number_matches(t, r.phases.last_byte->count());
        case response_size:
            return number_matches(t, static_cast<std::int64_t>(r.response.body.length));
        case request_size:
            return number_matches(t, static_cast<std::int64_t>(r.request.body.length));
        case ip:
            return text_matches(t, r.caller);
        case provider:
            return text_matches(t, r.webhook.provider);
        case event:
            return text_matches(t, r.webhook.event);
        case delivery:
            return text_matches(t, r.webhook.delivery);
        case outcome:
            return text_matches(t, r.outcome);
        case comment:
            return text_matches(t, r.note.comment);
        case type:
            return text_matches(t, content_type(r.request.fields)) || text_matches(t, content_type(r.response.fields));
        case signature:
            return std::ranges::find(t.verdicts, r.webhook.signature) != t.verdicts.end();
        case is:
            return flag_matches(t, r);
        case id:
            return number_matches(t, static_cast<std::int64_t>(r.id));
        case parent:
            return number_matches(t, static_cast<std::int64_t>(r.parent));
        case after:
            return r.arrived.time_since_epoch().count() >= t.number;
        case before:
            return r.arrived.time_since_epoch().count() < t.number;
        default:
            return content_matches(t, context);
    }
}

}  // namespace

bool matches(const query_node& node, match_context& context) {
    const auto child_matches = [&](const query_node& child) { return matches(child, context); };
    switch (node.kind) {
        case node_kind::all_of:
            return std::ranges::all_of(node.children, child_matches);
        case node_kind::any_of:
            return std::ranges::any_of(node.children, child_matches);
        case node_kind::negation:
            return !child_matches(node.children[0]);
        case node_kind::term:
            return term_matches(node.term, context);
    }
    return false;
}

}  // namespace tunnel::inspector
