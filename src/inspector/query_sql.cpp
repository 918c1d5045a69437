#include <algorithm>

#include "inspector/query_node.hpp"
#include "inspector/record_rows.hpp"
#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

sql_condition unknown() { return {"1", {}, false}; }

std::string_view column_of(query_subject subject) noexcept {
    using enum query_subject;
    switch (subject) {
        case method:
            return "method";
        case path:
            return "path";
        case url:
            return "url";
        case host:
            return "host";
        case query_subject::query:
            return "query";
        case status:
            return "status";
        case total_time:
            return "last_byte";
        case response_size:
            return "response_length";
        case request_size:
            return "request_length";
        case ip:
            return "caller";
        case provider:
            return "provider";
        case event:
            return "event";
        case delivery:
            return "delivery";
        case outcome:
            return "outcome";
        case comment:
            return "comment";
        case id:
            return "exchange.id";
        case parent:
            return "parent";
        default:
            return {};
    }
}

sql_condition text_condition(const query_term& t, std::string_view column) {
    if (t.op == query_operator::regex) return unknown();
    const std::string name{column};
    const bool whole = t.op == query_operator::equal || t.subject == query_subject::method;
    const bool ignores_case =
        t.subject == query_subject::method || t.subject == query_subject::host || t.subject == query_subject::provider;
    if (whole && !ignores_case) return {name + " = ?", {t.text}, true};
    if (whole) return {"lower(" + name + ") = ?", {ascii_lower(t.text)}, true};
    return {"instr(lower(" + name + "), ?) > 0", {ascii_lower(t.text)}, true};
}

sql_condition number_condition(const query_term& t, std::string_view column, std::string_view guard) {
    std::string where = "(" + std::string{guard} + (guard.empty() ? "" : " AND ") + std::string{column};
    switch (t.op) {
        case query_operator::greater:
            return {where + " >= ?)", {t.number_end}, true};
        case query_operator::greater_equal:
            return {where + " >= ?)", {t.number}, true};
        case query_operator::less:
            return {where + " < ?)", {t.number}, true};
        case query_operator::less_equal:
            return {where + " < ?)", {t.number_end}, true};
        default:
            return {where + " >= ? AND " + std::string{column} + " < ?)", {t.number, t.number_end}, true};
    }
}

sql_condition flag_condition(const query_term& t) {
    const auto is = [](const std::string& column, auto value) {
        return sql_condition{column + " = ?", {static_cast<std::int64_t>(value)}, true};
    };
    switch (t.flag) {
        case record_flag::replay:
            return is("origin", record_origin::replay);
        case record_flag::live:
            return is("origin", record_origin::live);
        case record_flag::imported:
            return is("origin", record_origin::import);
        case record_flag::websocket:
            return is("websocket", 1);
        case record_flag::error:
            return {"(state IN (?, ?) OR status >= 400)",
                    {static_cast<std::int64_t>(record_state::failed), static_cast<std::int64_t>(record_state::aborted)},
                    true};
        case record_flag::pending:
            return is("state", record_state::pending);
        case record_flag::complete:
            return is("state", record_state::complete);
        case record_flag::failed:
            return is("state", record_state::failed);
        case record_flag::aborted:
            return is("state", record_state::aborted);
        case record_flag::truncated:
            return is("truncated", 1);
        case record_flag::marked:
            return is("marked", 1);
        case record_flag::duplicate:
            return {duplicate_condition(), {}, true};
        case record_flag::label:
            return {"instr(labels, ?) > 0", {"," + t.text + ","}, true};
    }
    return unknown();
}

sql_condition verdict_condition(const query_term& t) {
    sql_condition condition{"signature IN (", {}, true};
    for (const auto verdict : t.verdicts) {
        condition.where += condition.values.empty() ? "?" : ", ?";
        condition.values.emplace_back(static_cast<std::int64_t>(verdict));
    }
    condition.where += ")";
    return condition;
}

sql_condition term_condition(const query_term& t) {
    using enum query_subject;
    switch (t.subject) {
        case status:
            return number_condition(t, "status", "status <> 0");
        case total_time:
            return number_condition(t, "last_byte", "last_byte IS NOT NULL");
        case response_size:
        case request_size:
        case id:
        case parent:
            return number_condition(t, column_of(t.subject), {});
        case after:
            return {"arrived >= ?", {t.number}, true};
        case before:
            return {"arrived < ?", {t.number}, true};
        case signature:
            return verdict_condition(t);
        case is:
            return flag_condition(t);
        case any_body:
            return {"(request_length > 0 OR response_length > 0)", {}, false};
        case request_body:
            return {"request_length > 0", {}, false};
        case response_body:
            return {"response_length > 0", {}, false};
        case type: {
            auto request = text_condition(t, "request_type");
            const auto response = text_condition(t, "response_type");
            if (!request.exact) return unknown();
            request.where = "(" + request.where + " OR " + response.where + ")";
            request.values.insert(request.values.end(), response.values.begin(), response.values.end());
            return request;
        }
        case has:
        case any_header:
        case request_header:
        case response_header:
        case everything:
            return unknown();
        default:
            return text_condition(t, column_of(t.subject));
    }
}

sql_condition joined(const std::vector<query_node>& nodes, std::string_view with, std::string_view of_none) {
    sql_condition all{std::string{of_none}, {}, true};
    for (const auto& node : nodes) {
        const auto part = sql_of(node);
        all.where = &node == &nodes.front() ? part.where : all.where + std::string{with} + part.where;
        all.values.insert(all.values.end(), part.values.begin(), part.values.end());
        all.exact = all.exact && part.exact;
    }
    all.where = "(" + all.where + ")";
    return all;
}

query_needs needs_of_subject(query_subject subject) noexcept {
    using enum query_subject;
    switch (subject) {
        case any_body:
        case request_body:
        case response_body:
        case everything:
            return query_needs::bodies;
        case has:
        case any_header:
        case request_header:
        case response_header:
        case type:
            return query_needs::heads;
        default:
            return query_needs::summary;
    }
}

}  // namespace

sql_condition sql_of(const query_node& node) {
    switch (node.kind) {
        case node_kind::all_of:
            return joined(node.children, " AND ", "1");
        case node_kind::any_of:
            return joined(node.children, " OR ", "0");
        case node_kind::negation: {
            auto inner = sql_of(node.children[0]);
            // What may hold cannot be ruled out by its opposite.
            if (!inner.exact) return unknown();
            inner.where = "NOT (" + inner.where + ")";
            return inner;
        }
        case node_kind::term:
            return term_condition(node.term);
    }
    return unknown();
}

query_needs needs_of(const query_node& node) noexcept {
    auto needs = node.kind == node_kind::term ? needs_of_subject(node.term.subject) : query_needs::summary;
    for (const auto& child : node.children) needs = std::max(needs, needs_of(child));
    return needs;
}

}  // namespace tunnel::inspector
