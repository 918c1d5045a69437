#include "faults/rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "faults/limits.hpp"
#include "inspector/query_values.hpp"
#include "inspector/request_filter.hpp"

namespace tunnel::faults {

namespace {

using std::chrono::milliseconds;

struct action_name {
    std::string_view name;
    action what;
};
constexpr std::array actions{
    action_name{"delay", action::delay},       action_name{"status", action::status},
    action_name{"reset", action::reset},       action_name{"drop", action::drop},
    action_name{"truncate", action::truncate}, action_name{"duplicate", action::duplicate},
    action_name{"hold", action::hold},
};

/// How long senders wait for a response before they give up and repeat the request.
struct patience {
    std::string_view sender;
    std::chrono::seconds time;
};
constexpr std::array senders{patience{"slack", std::chrono::seconds(3)}, patience{"zoom", std::chrono::seconds(3)},
                             patience{"shopify", std::chrono::seconds(5)},
                             patience{"github", std::chrono::seconds(10)}};

constexpr std::string_view blanks = " ";
constexpr unsigned lowest_status = 200;
constexpr unsigned highest_status = 599;
constexpr std::uint64_t most_counted = 1'000'000'000;

/// The words of a rule, up to its filter.
class words {
 public:
    explicit words(std::string_view text) : rest_(text) { skip_blanks(); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::string_view peek() const noexcept { return rest_.substr(0, rest_.find_first_of(blanks)); }
    std::string_view take() noexcept {
        const auto word = peek();
        rest_.remove_prefix(word.size());
        skip_blanks();
        return word;
    }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
    void skip_blanks() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }

    std::string_view rest_;
};

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n > most_counted) return std::nullopt;
    return n;
}

std::optional<milliseconds> time_of(std::string_view text, milliseconds most) {
    constexpr std::int64_t second = 1'000'000;
    const auto span = inspector::parse_time_span(text, second);
    if (!span) return std::nullopt;
    const auto time = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(*span));
    if (time < milliseconds(1) || time > most) return std::nullopt;
    return time;
}

/// Reads a rule word by word; the first mistake is kept.
class rule_parser {
 public:
    explicit rule_parser(std::string_view text) : words_(text) { made_.text = text; }

    std::variant<rule, rule_error> parse() {
        read_action();
        while (error_.empty() && !words_.at_end()) read_condition();
        if (!error_.empty()) return rule_error{std::move(error_)};
        return std::move(made_);
    }

 private:
    void fail(std::string message) {
        if (error_.empty()) error_ = std::move(message);
    }

    void read_action() {
        const auto name = words_.take();
        const auto found = std::ranges::find(actions, name, &action_name::name);
        if (found == actions.end())
            return fail(
                fmt::format("a rule begins with delay, status, reset, drop, truncate, duplicate or hold, "
                            "not with \"{}\"",
                            name));
        made_.what = found->what;
        if (made_.what == action::delay) return read_delay();
        if (made_.what == action::status) return read_status();
        if (made_.what == action::hold) return read_hold();
        if (made_.what != action::truncate) return;
        if (const auto bytes = number(words_.peek())) {
            made_.count = static_cast<std::size_t>(*bytes);
            words_.take();
        }
    }

    void read_delay() {
        const auto word = words_.take();
        const auto sender = std::ranges::find(senders, word, &patience::sender);
        const auto time = sender == senders.end() ? time_of(word, limits::longest_delay)
                                                  : std::optional(sender->time + limits::beyond_patience);
        if (!time)
            return fail(
                fmt::format("delay takes a time up to 10m such as 5s, or slack, zoom, shopify or github, "
                            "not \"{}\"",
                            word));
        made_.time = *time;
    }

    void read_status() {
        const auto word = words_.take();
        const auto code = number(word);
        if (!code || *code < lowest_status || *code > highest_status)
            return fail(fmt::format("status takes a code from 200 to 599, not \"{}\"", word));
        made_.status = static_cast<unsigned>(*code);
        if (words_.peek() != "retry-after") return;
        words_.take();
        const auto seconds = number(words_.take());
        if (!seconds) return fail("retry-after takes a number of seconds");
        made_.retry_after = static_cast<unsigned>(*seconds);
    }

    void read_hold() {
        const auto count = number(words_.take());
        if (!count || *count < 2 || *count > limits::held)
            return fail(fmt::format("hold takes how many requests wait for each other, from 2 to {}", limits::held));
        made_.count = static_cast<std::size_t>(*count);
        made_.time = limits::hold_time;
        const auto time = time_of(words_.peek(), limits::longest_delay);
        if (!time) return;
        made_.time = *time;
        words_.take();
    }

    void read_condition() {
        const auto word = words_.take();
        if (word == "if") return read_filter();
        if (word == "for") {
            made_.lasts = time_of(words_.take(), limits::longest_rule);
            if (!made_.lasts) fail("for takes a time up to 24h such as 10m");
            return;
        }
        if (made_.which != choice::all) return fail("a rule takes one of N%, nth N and first N");
        if (word == "nth" || word == "first") return read_count(word);
        read_probability(word);
    }

    void read_count(std::string_view word) {
        const auto n = number(words_.take());
        if (!n || *n == 0) return fail(fmt::format("{} takes a number from 1", word));
        made_.which = word == "nth" ? choice::nth : choice::first;
        made_.n = *n;
    }

    void read_probability(std::string_view word) {
        constexpr std::uint64_t whole = 100;
        const auto percent = word.ends_with('%') ? number(word.substr(0, word.size() - 1)) : std::nullopt;
        if (!percent)
            return fail(
                fmt::format("\"{}\" is not part of a rule: behind the action stand N%, nth N or first N, "
                            "for TIME, and if FILTER",
                            word));
        if (*percent == 0 || *percent > whole) return fail("a probability is from 1% to 100%");
        made_.which = choice::some;
        made_.probability = static_cast<double>(*percent) / static_cast<double>(whole);
    }

    void read_filter() {
        const auto text = words_.rest();
        const auto now = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
        words_ = words(std::string_view());
        if (text.empty()) return fail("a filter stands behind \"if\", such as path:/hook");
        auto filter = inspector::parse_request_filter(text, now);
        if (auto* wrong = std::get_if<std::string>(&filter)) return fail(std::move(*wrong));
        made_.filter = std::get<inspector::query>(std::move(filter));
    }

    words words_;
    rule made_;
    std::string error_;
};

}  // namespace

std::string_view to_string(action what) noexcept {
    const auto found = std::ranges::find(actions, what, &action_name::what);
    return found->name;
}

std::variant<rule, rule_error> parse_rule(std::string_view text) {
    if (text.size() > limits::rule_bytes)
        return rule_error{fmt::format("a rule has at most {} bytes", limits::rule_bytes)};
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
    if (std::ranges::any_of(text, is_control)) return rule_error{"a rule is one line without control characters"};
    return rule_parser(text).parse();
}

}  // namespace tunnel::faults
