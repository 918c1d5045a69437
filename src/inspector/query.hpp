#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inspector/record.hpp"

/// The filter language of pages, API and commands:
///
///     term := [-]key op value | [-]"text" | [-]/regex/ | ( filter )      op := : = != > >= < <= ~
///
/// Terms stand side by side for "and"; `OR` between them binds weaker. `:` asks whether the value is contained, `=`
/// whether it is equal, `~` whether the regular expression is found. `"..."` quotes a value with blanks.
namespace tunnel::inspector {

struct query_error {
    std::size_t position = 0;  ///< of the first wrong byte
    std::size_t length = 0;    ///< bytes that are wrong
    std::string message;       ///< a sentence without a period
    std::string suggestion;    ///< the nearest key or value; empty where there is none
};
/// The message over the text with carets under the wrong part, for a terminal.
[[nodiscard]] std::string describe(const query_error& error, std::string_view text);

/// A condition in SQL that every matching record meets; the bound values stand in the order of the question marks.
struct sql_condition {
    std::string where = "1";
    std::vector<std::variant<std::int64_t, double, std::string>> values;
    /// The condition alone decides: no record needs to be loaded to be matched.
    bool exact = true;
};

/// What match() looks at, so that a reader loads no more than that.
enum class query_needs : std::uint8_t { summary, heads, bodies };

/// A clause (one of the terms and groups that are joined by "and") that a record does not meet.
struct unmet_clause {
    std::string source;        ///< as it was written
    std::size_t position = 0;  ///< of its first byte in the filter
    std::string found;  ///< what the record has instead: a sentence without a period, values of secret fields hidden
};

struct query_node;  // query_node.hpp

class query {
 public:
    query() = default;  ///< matches every record

    /// Parses `text`; an age (`since:15m`) counts back from `now`. Empty text matches every record.
    [[nodiscard]] static std::variant<query, query_error> parse(std::string_view text, time_point now);

    [[nodiscard]] bool match(const record& r) const;
    [[nodiscard]] sql_condition prefilter() const;
    [[nodiscard]] query_needs needs() const noexcept;
    /// The first term, as it was written, that looks at something which is not known when a request arrives: the
    /// response, or what the record became. Empty: there is none.
    [[nodiscard]] std::string needs_response() const;

    /// Why the record does not match; empty where it does. The fewer clauses, the nearer it is.
    [[nodiscard]] std::vector<unmet_clause> unmet(const record& r) const;

 private:
    std::shared_ptr<const query_node> root_;  // immutable, so that copies share it between threads
};

/// Names of the keys, for completion.
[[nodiscard]] const std::vector<std::string_view>& query_keys();

}  // namespace tunnel::inspector
