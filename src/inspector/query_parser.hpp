#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inspector/limits.hpp"
#include "inspector/query_node.hpp"

namespace tunnel::inspector {

/// Reads a filter by recursive descent. After an error nothing more is read.
class query_parser {
 public:
    query_parser(std::string_view text, time_point now) : text_(text), now_(now) {}

    /// The tree, or nothing and an error.
    [[nodiscard]] std::optional<query_node> parse();
    [[nodiscard]] const query_error& error() const noexcept { return *error_; }

 private:
    struct word {
        std::string text;
        std::size_t position = 0;
        std::size_t length = 0;
        bool quoted = false;
    };

    query_node any_of(std::size_t depth);
    query_node all_of(std::size_t depth);
    query_node one(std::size_t depth);
    query_node term();
    void keyed_term(query_term& t, std::string_view name, std::size_t position);
    void read_value(query_term& t, const query_key& key, bool negated_operator);
    [[nodiscard]] query_operator take_operator(bool& negated);
    void convert(query_term& t, const query_key& key, const word& value);
    void convert_number(query_term& t, value_kind kind, const word& value);
    void convert_field(query_term& t, const word& value);
    void compile(query_term& t, std::string_view pattern_text, std::size_t position);
    void take_comparison(query_term& t);
    word take_word();
    std::string take_quoted();
    void take_regex(query_term& t);

    /// That the node was written from `start` to here.
    void note_place(query_node& node, std::size_t start) const;
    void skip_blanks() noexcept;
    [[nodiscard]] bool at_or() const noexcept;
    [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] bool take(std::string_view token) noexcept;
    void fail(std::size_t position, std::size_t length, std::string message, std::string_view suggestion = {});

    std::string_view text_;
    time_point now_;
    std::size_t at_ = 0;
    std::size_t terms_ = 0;
    std::optional<query_error> error_;
    std::string_view json_path_;
};

}  // namespace tunnel::inspector
