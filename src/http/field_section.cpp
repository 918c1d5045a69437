#include "http/field_section.hpp"

#include "http/grammar.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {

bool field_section::next(http::field& line, http_error& error) {
    if (at_ == empty_line_) return false;
    const char* const colon = grammar::end_of_token(at_, at_, empty_line_);
    if (colon == at_ || *colon != ':') {
        error = {400, "a field name is not a token"};
        return false;
    }
    line.name = {at_, colon};
    at_ = colon + 1;
    line.value = take_value(error);
    if (!error && at_fold()) line.value = unfold(line.value, error);
    return !error;
}

std::string_view field_section::take_value(http_error& error) noexcept {
    while (at_fold()) ++at_;
    const char* const begin = at_;
    const char* end = find_any_of(begin, empty_line_, grammar::controls);
    if (*end != '\r') {
        error = {400, "a control character in a field value"};
    } else if (end[1] != '\n') {
        error = {400, "a carriage return without line feed"};
    }
    at_ = end + 2;
    while (end != begin && (end[-1] == ' ' || end[-1] == '\t')) --end;
    return {begin, end};
}

std::string_view field_section::unfold(std::string_view first, http_error& error) {
    unfolded_ = first;
    do {
        const auto more = take_value(error);
        if (!unfolded_.empty() && !more.empty()) unfolded_ += ' ';
        unfolded_ += more;
        if (!error && unfolded_.size() > limits::max_folded) error = {431, "a folded field is too long"};
    } while (!error && at_fold());
    return unfolded_;
}

}  // namespace tunnel::http
