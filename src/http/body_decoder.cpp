#include "http/body_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "http/connection_options.hpp"
#include "http/grammar.hpp"
#include "http/trailer_rules.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {

// The chunked grammar (RFC 9112 section 7.1), one state for what may come next:
//   size        hexadecimal digits, then blanks, `;` or CR
//   blanks      behind the digits; old servers pad the size with them
//   extension   up to CR; dropped
//   size_lf     LF of the size line
//   data        bytes of the chunk, then data_cr, data_lf
//   trailer     lines up to an empty one
// In lenient mode LF may stand for CR LF, but not behind an extension: where one ends has been read in two ways.

body_decoder::body_decoder(body_kind kind, std::uint64_t content_length, std::string hop_by_hop, parse_mode mode)
    : lines_(mode, field_parser::section::trailer), hop_by_hop_(std::move(hop_by_hop)), mode_(mode) {
    switch (kind) {
        case body_kind::none:
            break;
        case body_kind::length:
            remaining_ = content_length;
            state_ = content_length > 0 ? state::length : state::done;
            break;
        case body_kind::chunked:
            state_ = state::size;
            break;
        case body_kind::until_close:
            state_ = state::until_close;
            break;
    }
}

bool body_decoder::done() const noexcept { return state_ == state::done; }

bool body_decoder::end_of_input() noexcept {
    if (state_ == state::until_close) state_ = state::done;
    return done();
}

body_decoder make_decoder(received_request& message) {
    return {message.body, message.head.content_length.value_or(0), std::move(message.hop_by_hop), parse_mode::strict};
}

body_decoder make_decoder(received_response& message) {
    return {message.body, message.head.content_length.value_or(0), std::move(message.hop_by_hop), parse_mode::lenient};
}

body_decoder::step body_decoder::decode(char* buffered, std::size_t size, parse_error& error) {
    error = {};
    step result;
    if (state_ == state::until_close) return {size, size};
    while (result.consumed < size && state_ != state::done && !error) {
        char* const at = buffered + result.consumed;
        const std::size_t left = size - result.consumed;
        if (state_ == state::length || state_ == state::data) {
            const auto n = take_data(at, left, buffered + result.produced);
            result.consumed += n;
            result.produced += n;
        } else if (state_ == state::trailer) {
            result.consumed += take_trailers({at, left}, error);
        } else {
            take_framing(*at, error);
            ++result.consumed;
        }
    }
    return result;
}

std::size_t body_decoder::take_data(char* from, std::size_t size, char* to) noexcept {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
    if (to != from) std::memmove(to, from, n);
    remaining_ -= n;
    if (remaining_ == 0) state_ = state_ == state::length ? state::done : state::data_cr;
    return n;
}

void body_decoder::take_framing(char c, parse_error& error) noexcept {
    switch (state_) {
        case state::size:
            return take_size(c, error);
        case state::blanks:
            return grammar::is_blank(c) ? count_line(error) : take_size_end(c, error);
        case state::extension:
            return take_extension(c, error);
        case state::size_lf:
            if (c != '\n') error = {400, "a chunk size does not end in CRLF"};
            return end_size_line();
        case state::data_cr:
        case state::data_lf:
            return take_chunk_end(c, error);
        case state::done:
        case state::length:
        case state::until_close:
        case state::data:
        case state::trailer:
            break;
    }
}

void body_decoder::take_size(char c, parse_error& error) noexcept {
    if (const int digit = grammar::hex_value(c); digit >= 0) {
        if (remaining_ > std::numeric_limits<std::uint64_t>::max() >> 4) error = {400, "a chunk size is too large"};
        remaining_ = remaining_ << 4 | static_cast<unsigned>(digit);
        return count_line(error);
    }
    if (line_ == 0 || !grammar::is_blank(c)) return take_size_end(c, error);
    state_ = state::blanks;
    count_line(error);
}

void body_decoder::take_size_end(char c, parse_error& error) noexcept {
    if (line_ > 0 && c == '\r') {
        state_ = state::size_lf;
    } else if (line_ > 0 && c == ';') {
        state_ = state::extension;
    } else if (line_ > 0 && tolerate_line_feed(c)) {
        return end_size_line();
    } else {
        error = {400, "a chunk size is not a hexadecimal number"};
    }
    count_line(error);
}

void body_decoder::take_extension(char c, parse_error& error) noexcept {
    if (c == '\r') {
        state_ = state::size_lf;
    } else if (!grammar::is_field_value({&c, 1})) {
        error = {400, "a control character in a chunk extension"};
    }
    count_line(error);
}

void body_decoder::end_size_line() noexcept {
    state_ = remaining_ > 0 ? state::data : state::trailer;
    line_ = 0;
    if (state_ == state::trailer) lines_.start(0);
}

void body_decoder::take_chunk_end(char c, parse_error& error) noexcept {
    if (state_ == state::data_cr && c == '\r') {
        state_ = state::data_lf;
    } else if (state_ == state::data_lf ? c == '\n' : tolerate_line_feed(c)) {
        state_ = state::size;
    } else if (state_ == state::data_cr) {
        error = {400, "a chunk is longer than its size"};
    } else {
        error = {400, "a chunk does not end in CRLF"};
    }
}

/// A line feed in place of CR LF.
bool body_decoder::tolerate_line_feed(char c) noexcept {
    if (c != '\n' || mode_ != parse_mode::lenient) return false;
    faulty_ = true;
    return true;
}

void body_decoder::count_line(parse_error& error) noexcept {
    if (++line_ <= limits::max_chunk_line || error) return;
    error = {400, "a chunk size line is too long", error_kind::too_large, limits::max_chunk_line};
}

// Nearly always the section is there whole, and is read where it lies.
std::size_t body_decoder::take_trailers(std::string_view input, parse_error& error) {
    const auto before = section_.size();
    const auto usable = input.substr(0, limits::max_trailers - before);
    if (before > 0) section_.append(usable);
    const auto result = read_trailers(before > 0 ? section_ : usable, error);
    if (result == field_parser::result::end) {
        const auto consumed = lines_.size() - before;
        finish_trailers();
        return consumed;
    }
    if (result == field_parser::result::failed) {
        error.status = 400;  // whatever a head is refused with
        return usable.size();
    }
    if (before + usable.size() == limits::max_trailers) {
        error = {400, "the trailer section is too long", error_kind::too_large, limits::max_trailers};
    } else if (before == 0) {
        section_ = usable;
    }
    return usable.size();
}

field_parser::result body_decoder::read_trailers(std::string_view section, parse_error& error) {
    field_parser::line line;
    for (;;) {
        const auto result = lines_.next(section, line, error);
        if (result != field_parser::result::field) return result;
        if (!is_forbidden_trailer(line.field.name)) trailers_.add_valid(line.field.name, line.field.value);
    }
}

void body_decoder::finish_trailers() {
    state_ = state::done;
    section_ = {};
    if (hop_by_hop_.empty() || trailers_.empty()) return;
    connection_options options;
    options.add(hop_by_hop_);
    options.finish();
    trailers_.remove_if([&options](const field& f) { return options.names(f.name); });
}

}  // namespace tunnel::http
