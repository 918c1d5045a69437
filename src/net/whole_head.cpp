#include "net/whole_head.hpp"

#include "net/http_grammar.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {

namespace {

constexpr http_error given_up{400, "a head for head_scanner and field_section"};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view whole_head::start_line() noexcept {
    const char* const line_end = protocol::find_any_of(begin_, begin_, end_, grammar::controls);
    if (!at_line_end(line_end)) return {};
    at_ = line_end + 2;
    return {begin_, line_end};
}

bool whole_head::next(protocol::field& line, http_error& error) noexcept {
    error = {};
    if (at_line_end(at_)) {
        at_ += 2;
        return false;
    }
    error = given_up;
    const char* const name = at_;
    const char* const colon = grammar::end_of_token(begin_, name, end_);
    if (colon == name || colon == end_ || *colon != ':' || ++lines_ > limits::max_fields) return false;
    const char* value = colon + 1;
    while (value != end_ && is_blank(*value)) ++value;
    const char* value_end = protocol::find_any_of(begin_, value, end_, grammar::controls);
    // The octet behind the line shows whether it is folded.
    if (!at_line_end(value_end) || end_ - value_end < 3 || is_blank(value_end[2])) return false;
    at_ = value_end + 2;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    line = {{name, colon}, {value, value_end}};
    const bool plain = value - colon == 2 && colon[1] == ' ' && at_ - value_end == 2;
    text_ = plain ? std::string_view(name, at_) : std::string_view();
    error = {};
    return true;
}

}  // namespace tunnel::net
