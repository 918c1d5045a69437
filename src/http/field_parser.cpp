#include "http/field_parser.hpp"

namespace tunnel::http {

using grammar::is_blank;

void field_parser::start(std::size_t offset) noexcept {
    begin_line(offset);
    lines_ = 0;
    folded_ = false;
    faulty_ = false;
}

field_parser::result field_parser::take_unusual_name(const char* first, const char* end, parse_error& error) {
    switch (stage_) {
        case stage::blanks:
            return take_blanks(first, end, error);
        case stage::dropped:
            return take_dropped_line(first, end, error);
        default:
            return take_name_end(first, end, error);
    }
}

field_parser::result field_parser::take_name_end(const char* first, const char* end, parse_error& error) {
    const char* const at = first + searched_;
    if (at == end) return result::more;
    if (searched_ == line_) {
        if (*at == '\r' || *at == '\n') return take_empty_line(at, end, error);
    } else if (mode_ == parse_mode::lenient && is_blank(*at)) {
        name_end_ = searched_;
        stage_ = stage::blanks;
        return result::field;
    }
    return refuse_or_drop(*at, error);
}

// RFC 9112 section 5.1: a proxy removes blanks in front of a colon from responses.
field_parser::result field_parser::take_blanks(const char* first, const char* end, parse_error& error) {
    while (first + searched_ != end && is_blank(first[searched_])) ++searched_;
    if (first + searched_ == end) return result::more;
    if (first[searched_] != ':') return refuse_or_drop(first[searched_], error);
    faulty_ = true;
    value_ = ++searched_;
    stage_ = stage::value;
    return result::field;
}

field_parser::result field_parser::take_empty_line(const char* at, const char* end, parse_error& error) {
    std::size_t ending = 0;
    const auto r = take_line_end(at, end, ending, error);
    if (r != result::field) return r;
    line_ += ending;
    return result::end;
}

field_parser::result field_parser::refuse_or_drop(char unexpected, parse_error& error) {
    if (mode_ == parse_mode::lenient && section_ == section::trailer) {
        stage_ = stage::dropped;
        return result::field;
    }
    if (is_blank(unexpected) && searched_ == line_) {
        error = {400, "a blank in front of the first field"};
    } else if (is_blank(unexpected)) {
        error = {400, "a blank in front of a colon"};
    } else if (unexpected == '\r' || unexpected == '\n') {
        error = {400, "a field line without a colon"};
    } else {
        error = {400, "a field name is not a token"};
    }
    return result::failed;
}

field_parser::result field_parser::take_dropped_line(const char* first, const char* end, parse_error& error) {
    const char* const at = find_any_of(first + searched_, end, grammar::controls);
    searched_ = static_cast<std::size_t>(at - first);
    std::size_t ending = 0;
    const auto r = take_line_end(at, end, ending, error);
    if (r == result::field) begin_line(searched_ + ending);
    return r;
}

field_parser::result field_parser::take_line_end(const char* at, const char* end, std::size_t& ending,
                                                 parse_error& error) {
    if (at == end) return result::more;
    if (*at == '\r') {
        if (at + 1 == end) return result::more;
        ending = grammar::line_end.size();
        if (at[1] == '\n') return result::field;
        error = {400, "a carriage return without line feed"};
    } else if (*at != '\n') {
        error = {400, "a control character in a field value"};
    } else if (mode_ == parse_mode::strict) {
        error = {400, "a line feed without carriage return"};
    } else {
        ending = 1;
        faulty_ = true;
        return result::field;
    }
    return result::failed;
}

field_parser::result field_parser::take_unusual_end(const char* first, const char* at, const char* end,
                                                    std::size_t& ending, parse_error& error) {
    searched_ = static_cast<std::size_t>(at - first);
    if (const auto r = take_line_end(at, end, ending, error); r != result::field) return r;
    const char* const behind = at + ending;
    if (behind == end) return result::more;
    if (!is_blank(*behind)) return result::field;

    if (mode_ == parse_mode::strict) {
        error = {400, "a folded field line"};
        return result::failed;
    }
    if (!add_folded(grammar::trim({first + value_, at}), error)) return result::failed;
    value_ = searched_ = static_cast<std::size_t>(behind - first);
    ending = 0;
    return result::field;
}

bool field_parser::add_folded(std::string_view part, parse_error& error) {
    if (!folded_) unfolded_.clear();
    folded_ = true;
    if (!unfolded_.empty() && !part.empty()) unfolded_ += ' ';
    unfolded_ += part;
    if (unfolded_.size() <= limits::max_folded) return true;
    error = {431, "a folded field is too long", error_kind::too_large, limits::max_folded};
    return false;
}

field_parser::result field_parser::end_unusual_field(line& out, parse_error& error) {
    static_assert(limits::max_fields == 1000, "the sentence below names it");
    if (lines_ > limits::max_fields) {
        error = {431, "there are more than 1000 fields", error_kind::too_large};
        return result::failed;
    }
    if (!add_folded(out.field.value, error)) return result::failed;
    folded_ = false;
    out.field.value = unfolded_;
    out.text = {};
    return result::field;
}

}  // namespace tunnel::http
