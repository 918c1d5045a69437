#include "inspector/query.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <utility>

#include "inspector/match_context.hpp"
#include "inspector/query_node.hpp"
#include "inspector/query_parser.hpp"

namespace tunnel::inspector {

namespace {

bool is_known_at_arrival(query_subject subject) noexcept {
    using enum query_subject;
    constexpr std::array known{
        method,    path,  url,      host,       query_subject::query, ip,       type,         has,
        provider,  event, delivery, any_header, request_header,       any_body, request_body, request_size,
        everything};
    return std::ranges::find(known, subject) != known.end();
}

std::string first_late_term(const query_node& node) {
    if (node.kind == node_kind::term) return is_known_at_arrival(node.term.subject) ? std::string() : node.source;
    for (const auto& child : node.children) {
        if (auto late = first_late_term(child); !late.empty()) return late;
    }
    return {};
}

}  // namespace

std::string describe(const query_error& error, std::string_view text) {
    // Blanks of a line as long as the text, so that the carets stand under what is wrong.
    std::string shown{text};
    std::ranges::replace_if(shown, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, ' ');
    const auto characters = [](std::string_view bytes) {
        return static_cast<std::size_t>(
            std::ranges::count_if(bytes, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    const auto position = std::min(error.position, shown.size());
    const auto before = characters(std::string_view{shown}.substr(0, position));
    const auto wrong = std::max<std::size_t>(characters(std::string_view{shown}.substr(position, error.length)), 1);
    const auto hint = error.suggestion.empty() ? "" : fmt::format("; did you mean \"{}\"?", error.suggestion);
    return fmt::format("{}\n{}{}\n{}{}", shown, std::string(before, ' '), std::string(wrong, '^'), error.message, hint);
}

std::variant<query, query_error> query::parse(std::string_view text, time_point now) {
    query_parser parser(text, now);
    auto root = parser.parse();
    if (!root) return parser.error();
    query result;
    result.root_ = std::make_shared<const query_node>(std::move(*root));
    return result;
}

bool query::match(const record& r) const {
    if (!root_) return true;
    match_context context(r);
    return matches(*root_, context);
}

sql_condition query::prefilter() const { return root_ ? sql_of(*root_) : sql_condition{}; }

query_needs query::needs() const noexcept { return root_ ? needs_of(*root_) : query_needs::summary; }

std::vector<unmet_clause> query::unmet(const record& r) const {
    if (!root_) return {};
    match_context context(r);
    return unmet_clauses(*root_, context);
}

std::string query::needs_response() const { return root_ ? first_late_term(*root_) : std::string(); }

}  // namespace tunnel::inspector
