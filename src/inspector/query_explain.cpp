#include <fmt/format.h>

#include <algorithm>

#include "base/log_text.hpp"
#include "inspector/export.hpp"
#include "inspector/json_path.hpp"
#include "inspector/json_text.hpp"
#include "inspector/match_context.hpp"
#include "inspector/query_node.hpp"
#include "inspector/record_time.hpp"

/// Why a record does not match: for each clause that it does not meet, what it has instead.
namespace tunnel::inspector {

namespace {

using nlohmann::json;

/// The beginning of a long text, up to the end of a character of UTF-8.
std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    constexpr std::size_t longest_rest = 3;  // bytes of a character after its first
    const auto end = most - longest_rest;
    auto cut = most;
    while (cut > end && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    return std::string(text.substr(0, cut)) + "...";
}

std::string value_of(std::string_view what, std::string_view value) {
    if (value.empty()) return fmt::format("there is no {}", what);
    return fmt::format("the {} is {}", what, shortened(value, limits::explained_value));
}

std::string status_of(const record& r) {
    return r.response.status == 0 ? "there is no response" : fmt::format("the status is {}", r.response.status);
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
    std::string all;
    for (const auto& text : texts) {
        if (!all.empty()) all += separator;
        all += text;
    }
    return all;
}

std::string flag_found(const query_term& t, bool met, const record& r) {
    switch (t.flag) {
        case record_flag::replay:
        case record_flag::live:
        case record_flag::imported:
            return fmt::format("the origin is {}", to_string(r.origin));
        case record_flag::websocket:
            return met ? "it is a WebSocket" : "it is not a WebSocket";
        case record_flag::error:
            return fmt::format("{} and the state is {}", status_of(r), to_string(r.state));
        case record_flag::pending:
        case record_flag::complete:
        case record_flag::failed:
        case record_flag::aborted:
            return fmt::format("the state is {}", to_string(r.state));
        case record_flag::truncated:
            return met ? "a body was cut" : "no body was cut";
        case record_flag::marked:
            return met ? "it is marked" : "it is not marked";
        case record_flag::duplicate:
            if (met) return "an earlier attempt of the delivery succeeded too";
            if (r.webhook.delivery.empty()) return "there is no delivery id";
            if (r.response.status / 100 != 2) return status_of(r);
            return "no earlier attempt of the delivery succeeded";
        case record_flag::label:
            return fmt::format("it is {}labelled {}", met ? "" : "not ", t.text);
    }
    return {};
}

/// Of a field that the term names; what callers and apps keep secret is not for a terminal or the log of a CI job.
std::string field_found(const query_term& t, bool met, std::initializer_list<const field_lines*> sides) {
    if (t.name.empty()) return met ? "a field has this text" : "no field has this text";
    std::vector<std::string> values;
    for (const auto* fields : sides) {
        for (const auto& [name, value] : *fields) {
            if (same_name(name, t.name)) values.push_back(value.empty() ? "empty" : value);
        }
    }
    if (values.empty()) return fmt::format("there is no field {}", t.name);
    if (t.subject == query_subject::has) return fmt::format("the field {} is there", t.name);
    if (is_secret_field(t.name)) return fmt::format("the field {} has {} value", t.name, met ? "this" : "another");
    return value_of("field " + t.name, joined(values, ", "));
}

std::string body_found(const query_term& t, bool met, std::string_view side, std::string_view text,
                       const json* parsed) {
    if (text.empty()) return fmt::format("there is no {} body", side);
    if (t.json_path.empty() && met) return fmt::format("the {} body has this text", side);
    if (t.json_path.empty()) return value_of(fmt::format("{} body", side), text);
    if (!parsed) return fmt::format("the {} body is not JSON", side);
    std::vector<std::string> values;
    any_at(*parsed, t.json_path, [&](const json& value) {
        values.push_back(shortened(value_text(value), limits::explained_value));
        return values.size() == limits::explained_values;
    });
    const auto path = joined(t.json_path, ".");
    if (values.empty()) return fmt::format("the {} body has no {}", side, path);
    return fmt::format("{} of the {} body is {}", path, side, joined(values, ", "));
}

std::string request_body_found(const query_term& t, bool met, match_context& c) {
    const auto text = c.request_body();
    return body_found(t, met, "request", text, text.empty() ? nullptr : c.request_json());
}

std::string response_body_found(const query_term& t, bool met, match_context& c) {
    const auto text = c.response_body();
    return body_found(t, met, "response", text, text.empty() ? nullptr : c.response_json());
}

std::string type_found(const record& r) {
    const auto* request = find_field(r.request.fields, "Content-Type");
    const auto* response = find_field(r.response.fields, "Content-Type");
    if (!request && !response) return "there is no media type";
    if (!response) return value_of("media type of the request", *request);
    const auto of_response = value_of("media type of the response", *response);
    return request ? value_of("media type of the request", *request) + ", " + of_response : of_response;
}

/// Terms that look at more than the summary of a record.
std::string content_found(const query_term& t, bool met, match_context& c) {
    const auto& r = c.r();
    using enum query_subject;
    switch (t.subject) {
        case has:
        case any_header:
            return field_found(t, met, {&r.request.fields, &r.response.fields});
        case request_header:
            return field_found(t, met, {&r.request.fields});
        case response_header:
            return field_found(t, met, {&r.response.fields});
        case request_body:
            return request_body_found(t, met, c);
        case response_body:
            return response_body_found(t, met, c);
        case any_body:
            if (met && t.json_path.empty()) return "a body has this text";
            return request_body_found(t, met, c) + ", " + response_body_found(t, met, c);
        default:
            return met ? "the text is in it" : "the text is nowhere in it";
    }
}

/// What the record has where the term looks; `met`: whether it matches.
std::string found_of(const query_term& t, bool met, match_context& c) {
    const auto& r = c.r();
    using enum query_subject;
    switch (t.subject) {
        case method:
            return value_of("method", r.request.method);
        case path:
            return value_of("path", path_of(r));
        case url:
            return value_of("URL", url_of(r));
        case host:
            return value_of("host", host_of(r));
        case query_subject::query:
            return value_of("query", query_of(r));
        case status:
            return status_of(r);
        case query_subject::total_time:
            if (!r.phases.last_byte) return "it has not ended";
            return fmt::format("it took {} ms", static_cast<double>(r.phases.last_byte->count()) / 1000);
        case response_size:
            return "the response body has " + counted(r.response.body.length, "byte");
        case request_size:
            return "the request body has " + counted(r.request.body.length, "byte");
        case ip:
            return value_of("caller", r.caller);
        case provider:
            return value_of("provider", r.webhook.provider);
        case event:
            return value_of("event", r.webhook.event);
        case delivery:
            return value_of("delivery id", r.webhook.delivery);
        case signature:
            return fmt::format("the verdict on the signature is {}", to_string(r.webhook.signature));
        case outcome:
            return value_of("outcome", r.outcome);
        case comment:
            return value_of("comment", r.note.comment);
        case is:
            return flag_found(t, met, r);
        case id:
            return value_of("id", to_string(r.id));
        case parent:
            return r.parent == 0 ? "it is not a replay" : "it is a replay of " + to_string(r.parent);
        case after:
        case before:
            return "it arrived at " + to_rfc3339(r.arrived);
        case type:
            return type_found(r);
        default:
            return content_found(t, met, c);
    }
}

/// What the terms found that make the node's result what it is.
void add_found(const query_node& node, bool met, match_context& c, std::vector<std::string>& to) {
    if (node.kind == node_kind::term) {
        auto found = found_of(node.term, met, c);
        if (std::ranges::find(to, found) == to.end()) to.push_back(std::move(found));
        return;
    }
    const bool of_children = node.kind == node_kind::negation ? !met : met;
    for (const auto& child : node.children) {
        if (matches(child, c) == of_children) add_found(child, of_children, c, to);
    }
}

void add_unmet(const query_node& node, match_context& c, std::vector<unmet_clause>& to) {
    if (node.kind == node_kind::all_of) {
        for (const auto& child : node.children) add_unmet(child, c, to);
        return;
    }
    if (matches(node, c)) return;
    std::vector<std::string> found;
    add_found(node, false, c, found);
    to.push_back({node.source, node.position, shortened(joined(found, ", "), limits::explained_clause)});
}

}  // namespace

std::vector<unmet_clause> unmet_clauses(const query_node& root, match_context& context) {
    std::vector<unmet_clause> clauses;
    add_unmet(root, context, clauses);
    return clauses;
}

}  // namespace tunnel::inspector
