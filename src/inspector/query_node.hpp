#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/pattern.hpp"
#include "inspector/query.hpp"
#include "inspector/record.hpp"

/// What a filter's text becomes: a tree of terms.
namespace tunnel::inspector {

/// What a term looks at.
enum class query_subject : std::uint8_t {
    method,
    path,
    url,
    host,
    query,
    status,
    total_time,
    response_size,
    request_size,
    ip,
    provider,
    event,
    signature,
    is,
    has,
    any_header,
    request_header,
    response_header,
    any_body,
    request_body,
    response_body,
    id,
    parent,
    delivery,
    after,
    before,
    type,
    outcome,
    comment,
    everything  ///< URL, heads, bodies, messages
};

enum class query_operator : std::uint8_t { contains, equal, greater, greater_equal, less, less_equal, regex };

/// How the value of a key is read.
enum class value_kind : std::uint8_t { text, status, time_span, bytes, flag, verdict, id, moment, field, json };

struct query_key {
    std::string_view name;
    query_subject subject;
    value_kind kind;
};
/// Null where there is no such key.
[[nodiscard]] const query_key* find_key(std::string_view name) noexcept;
/// The nearest of `names`, or empty where none is near.
[[nodiscard]] std::string_view nearest(std::string_view name, const std::vector<std::string_view>& names);

/// The values of `is:`.
enum class record_flag : std::uint8_t {
    replay,
    live,
    imported,
    websocket,
    error,
    pending,
    complete,
    failed,
    aborted,
    truncated,
    marked,
    duplicate,
    label
};

struct query_term {
    query_subject subject = query_subject::everything;
    query_operator op = query_operator::contains;
    std::string text;                      ///< the value; for `is` of a label its name
    std::string name;                      ///< of a header field
    std::vector<std::string> json_path;    ///< of body.<path>
    std::optional<pattern> regex;          ///< of `~` and /regex/
    std::int64_t number = 0;               ///< status, microseconds, bytes, moment, id
    std::int64_t number_end = 0;           ///< 2xx is a range; otherwise `number` + 1
    std::optional<double> json_number;     ///< the value as a number, for body.<path>
    record_flag flag = record_flag::live;  ///< of `is`
    std::vector<signature_verdict> verdicts;
};

enum class node_kind : std::uint8_t { all_of, any_of, negation, term };

struct query_node {
    node_kind kind = node_kind::all_of;
    std::vector<query_node> children;
    query_term term;
    std::string source;        ///< as it was written
    std::size_t position = 0;  ///< of its first byte in the filter
};

/// The bodies of a record, decoded and parsed once for all terms that look at them.
class match_context;

[[nodiscard]] bool matches(const query_node& node, match_context& context);
[[nodiscard]] std::vector<unmet_clause> unmet_clauses(const query_node& root, match_context& context);
[[nodiscard]] sql_condition sql_of(const query_node& node);
[[nodiscard]] query_needs needs_of(const query_node& node) noexcept;

}  // namespace tunnel::inspector
