#include "inspector/query_parser.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "inspector/query_values.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_key_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool starts_operator(std::string_view rest) noexcept {
    return rest.starts_with("!=") ||
           (!rest.empty() && std::string_view{":=<>~"}.find(rest[0]) != std::string_view::npos);
}

bool takes_dotted_name(query_subject subject) noexcept {
    using enum query_subject;
    switch (subject) {
        case any_body:
        case request_body:
        case response_body:
        case any_header:
        case request_header:
        case response_header:
            return true;
        default:
            return false;
    }
}

bool is_ordering(query_operator op) noexcept {
    using enum query_operator;
    return op == greater || op == greater_equal || op == less || op == less_equal;
}

query_node single(node_kind kind, query_node child) {
    query_node node;
    node.kind = kind;
    node.source = child.source;
    node.children.push_back(std::move(child));
    return node;
}

}  // namespace

std::optional<query_node> query_parser::parse() {
    if (text_.size() > limits::query_length) {
        fail(limits::query_length, text_.size() - limits::query_length,
             fmt::format("a filter has at most {} bytes", limits::query_length));
        return std::nullopt;
    }
    skip_blanks();
    if (at_end()) return query_node{};
    auto root = any_of(0);
    if (!error_ && !at_end()) fail(at_, 1, "there is no parenthesis to close here");
    if (error_) return std::nullopt;
    return root;
}

query_node query_parser::any_of(std::size_t depth) {
    skip_blanks();
    const auto start = at_;
    query_node node;
    node.kind = node_kind::any_of;
    node.children.push_back(all_of(depth));
    while (!error_ && at_or()) {
        at_ += 2;
        node.children.push_back(all_of(depth));
    }
    if (node.children.size() == 1) return std::move(node.children[0]);
    note_place(node, start);
    return node;
}

query_node query_parser::all_of(std::size_t depth) {
    query_node node;
    skip_blanks();
    const auto start = at_;
    while (!error_ && !at_end() && peek() != ')' && !at_or()) {
        node.children.push_back(one(depth));
        skip_blanks();
    }
    if (!error_ && node.children.empty()) fail(at_, 1, "a term is missing here");
    note_place(node, start);
    if (node.children.size() == 1) return std::move(node.children[0]);
    return node;
}

query_node query_parser::one(std::size_t depth) {
    const auto start = at_;
    query_node node;
    if (depth >= limits::query_depth) {
        fail(at_, 1, fmt::format("a filter nests at most {} deep", limits::query_depth));
    } else if (take("-")) {
        node = single(node_kind::negation, one(depth + 1));
    } else if (take("(")) {
        node = any_of(depth + 1);
        if (!error_ && !take(")")) fail(start, 1, "this parenthesis is not closed");
    } else {
        node = term();
    }
    note_place(node, start);
    return node;
}

query_node query_parser::term() {
    query_node node;
    node.kind = node_kind::term;
    auto& t = node.term;
    if (++terms_ > limits::query_terms) {
        fail(at_, 1, fmt::format("a filter has at most {} terms", limits::query_terms));
        return node;
    }
    if (peek() == '/') {
        take_regex(t);
        return node;
    }
    const auto start = at_;
    auto end = at_;
    while (end < text_.size() && is_key_character(text_[end])) ++end;
    const auto name = text_.substr(start, end - start);
    const auto* const key = find_key(name);
    const bool dotted = key && takes_dotted_name(key->subject) && text_.substr(end).starts_with('.');
    auto name_end = end;
    if (dotted) name_end = std::min(text_.find_first_of(":=!<>~ \t\r\n\")", end), text_.size());
    if (name.empty() || !starts_operator(text_.substr(name_end))) {
        const auto value = take_word();
        if (!error_ && value.text.empty()) fail(start, 1, "a term is missing here");
        t.text = value.text;
        return node;
    }
    if (!key) {
        const auto near = nearest(name, query_keys());
        auto message = fmt::format("\"{}\" is not a key", name);
        if (near.empty() && name.find('-') != std::string_view::npos) {
            message += fmt::format("; a header field is header.{}", name);
        }
        fail(start, name.size(), std::move(message), near);
        return node;
    }
    at_ = name_end;
    json_path_ = dotted ? text_.substr(end + 1, name_end - end - 1) : std::string_view{};
    const auto operator_at = at_;
    bool negated = false;
    t.subject = key->subject;
    t.op = take_operator(negated);
    if (dotted && key->kind == value_kind::field) t.name = json_path_;
    if (dotted && key->kind == value_kind::text) {
        auto path = parse_json_path(json_path_);
        if (!path) fail(end + 1, json_path_.size(), "this is not a path such as data.items[0].id");
        if (path) t.json_path = std::move(*path);
    }
    if (!error_) read_value(t, *key, operator_at != at_ && negated);
    return negated ? single(node_kind::negation, std::move(node)) : node;
}

query_operator query_parser::take_operator(bool& negated) {
    using enum query_operator;
    negated = take("!=");
    if (negated) return equal;
    if (take(">=")) return greater_equal;
    if (take("<=")) return less_equal;
    if (take(">")) return greater;
    if (take("<")) return less;
    if (take("~")) return regex;
    if (take("=")) return equal;
    static_cast<void>(take(":"));
    return contains;
}

void query_parser::read_value(query_term& t, const query_key& key, bool negated_operator) {
    const bool numeric = key.kind == value_kind::status || key.kind == value_kind::time_span ||
                         key.kind == value_kind::bytes || !t.json_path.empty();
    // status:>=400 reads as status>=400.
    if (numeric && t.op == query_operator::contains && !negated_operator) take_comparison(t);
    if (t.op == query_operator::regex && peek() == '/') {
        const auto subject = t.subject;
        take_regex(t);
        t.subject = subject;
        return;
    }
    const auto value = take_word();
    if (error_) return;
    if (value.text.empty() && !value.quoted) {
        fail(value.position, 1, fmt::format("a value for \"{}\" is missing here", key.name));
        return;
    }
    convert(t, key, value);
}

void query_parser::take_comparison(query_term& t) {
    using enum query_operator;
    if (take(">=")) {
        t.op = greater_equal;
    } else if (take("<=")) {
        t.op = less_equal;
    } else if (take(">")) {
        t.op = greater;
    } else if (take("<")) {
        t.op = less;
    }
}

void query_parser::convert(query_term& t, const query_key& key, const word& value) {
    t.text = value.text;
    const bool text = key.kind == value_kind::text || key.kind == value_kind::field;
    const bool json = !t.json_path.empty();
    const bool number = key.kind == value_kind::status || key.kind == value_kind::time_span ||
                        key.kind == value_kind::bytes || key.kind == value_kind::id;
    const bool wrong = (is_ordering(t.op) && !number && !json) || (t.op == query_operator::regex && !text && !json);
    if (wrong) {
        fail(value.position, value.length, fmt::format("\"{}\" takes no such comparison", key.name));
        return;
    }
    if (t.op == query_operator::regex) {
        compile(t, value.text, value.position);
    } else if (json) {
        t.json_number = parse_number(value.text);
    } else if (key.kind == value_kind::field) {
        convert_field(t, value);
    } else if (key.kind == value_kind::flag) {
        const auto flag = parse_flag(value.text);
        if (flag) t.flag = flag->flag;
        if (flag) t.text = flag->label;
        if (!flag) {
            fail(value.position, value.length, fmt::format("\"{}\" is not a value of \"is\"", value.text),
                 nearest(value.text, flag_names()));
        }
    } else if (key.kind == value_kind::verdict) {
        const auto verdicts = parse_verdict(value.text);
        if (verdicts) t.verdicts = *verdicts;
        if (!verdicts) {
            fail(value.position, value.length, fmt::format("\"{}\" is not a value of \"sig\"", value.text),
                 nearest(value.text, verdict_names()));
        }
    } else if (key.kind != value_kind::text) {
        convert_number(t, key.kind, value);
    }
}

void query_parser::convert_number(query_term& t, value_kind kind, const word& value) {
    constexpr std::int64_t millisecond = 1000;
    constexpr std::int64_t second = 1000 * millisecond;
    std::optional<std::int64_t> number;
    std::string_view form;
    switch (kind) {
        case value_kind::status:
            form = "a status such as 404 or 5xx";
            if (const auto range = parse_status(value.text)) {
                t.number = range->first;
                t.number_end = range->end;
                return;
            }
            break;
        case value_kind::time_span:
            form = "a time such as 250ms or 1.5s";
            number = parse_time_span(value.text, millisecond);
            break;
        case value_kind::bytes:
            form = "a size such as 500, 10k or 1MiB";
            number = parse_size(value.text);
            break;
        case value_kind::id:
            form = "an id of 13 characters";
            if (const auto id = parse_record_id(value.text)) number = static_cast<std::int64_t>(*id);
            break;
        default:
            form = "a time such as 2026-11-30T14:02:00Z or 2026-11-30, or an age such as 15m or 2d";
            number = parse_moment(value.text);
            if (const auto age = number ? std::nullopt : parse_time_span(value.text, second))
                number = now_.time_since_epoch().count() - *age;
            break;
    }
    if (!number) {
        fail(value.position, value.length, fmt::format("\"{}\" is not {}", value.text, form));
        return;
    }
    t.number = *number;
    t.number_end = *number + 1;
}

void query_parser::convert_field(query_term& t, const word& value) {
    // header:"content-type: json" names the field as header.content-type:json does.
    const auto colon = value.text.find(':');
    if (t.subject == query_subject::has) {
        t.name = value.text;
    } else if (t.name.empty() && colon != std::string::npos) {
        t.name = value.text.substr(0, colon);
        t.text = value.text.substr(std::min(value.text.find_first_not_of(blanks, colon + 1), value.text.size()));
    }
}

void query_parser::compile(query_term& t, std::string_view pattern_text, std::size_t position) {
    auto compiled = pattern::compile(pattern_text);
    if (const auto* wrong = std::get_if<pattern_error>(&compiled)) {
        fail(std::min(position + wrong->position, text_.size()), 1,
             fmt::format("the regular expression is not valid: {}", wrong->message));
        return;
    }
    t.op = query_operator::regex;
    t.text = pattern_text;
    t.regex = std::get<pattern>(std::move(compiled));
}

void query_parser::take_regex(query_term& t) {
    const auto start = at_++;
    std::string expression;
    while (!at_end() && peek() != '/') {
        if (text_.substr(at_).starts_with("\\/")) ++at_;
        // A pair is copied whole: the second backslash of two escapes nothing.
        if (peek() == '\\' && at_ + 1 < text_.size()) expression += text_[at_++];
        expression += text_[at_++];
    }
    if (!take("/")) {
        fail(start, 1, "this regular expression is not closed; a path is path:/...");
        return;
    }
    if (take("i")) expression.insert(0, "(?i)");
    if (!at_end() && blanks.find(peek()) == std::string_view::npos && peek() != ')') {
        fail(at_, 1, "a regular expression ends here; a path is path:/...");
        return;
    }
    compile(t, expression, start + 1);
}

query_parser::word query_parser::take_word() {
    word result{{}, at_, 0, false};
    if (peek() == '"') {
        result.quoted = true;
        result.text = take_quoted();
    } else {
        int open = 0;
        while (!at_end() && blanks.find(peek()) == std::string_view::npos && (peek() != ')' || open > 0)) {
            if (peek() == '(') ++open;
            if (peek() == ')') --open;
            result.text += text_[at_++];
        }
    }
    result.length = std::max<std::size_t>(at_ - result.position, 1);
    return result;
}

std::string query_parser::take_quoted() {
    const auto start = at_++;
    std::string value;
    while (!at_end() && peek() != '"') {
        const auto rest = text_.substr(at_);
        if (rest.starts_with("\\\"") || rest.starts_with("\\\\")) ++at_;
        value += text_[at_++];
    }
    if (!take("\"")) fail(start, 1, "this quote is not closed");
    return value;
}

void query_parser::note_place(query_node& node, std::size_t start) const {
    const auto written = text_.substr(start, at_ - start);
    node.position = start;
    node.source = written.substr(0, written.find_last_not_of(blanks) + 1);
}

void query_parser::skip_blanks() noexcept { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }

bool query_parser::at_or() const noexcept {
    const auto rest = text_.substr(at_);
    return rest.starts_with("OR") &&
           (rest.size() == 2 || blanks.find(rest[2]) != std::string_view::npos || rest[2] == '(');
}

bool query_parser::take(std::string_view token) noexcept {
    if (!text_.substr(std::min(at_, text_.size())).starts_with(token)) return false;
    at_ += token.size();
    return true;
}

void query_parser::fail(std::size_t position, std::size_t length, std::string message, std::string_view suggestion) {
    if (!error_) error_ = {position, length, std::move(message), std::string{suggestion}};
}

}  // namespace tunnel::inspector
