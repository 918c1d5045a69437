#include "http/body_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "http/grammar.hpp"
#include "http/hop_by_hop.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {

// The chunked grammar (RFC 9112 section 7.1), one state for what may come next:
//   size        hexadecimal digits, then blanks, `;` or CR
//   blanks      behind the digits; old servers pad the size with them
//   extension   up to CR; dropped
//   size_lf     LF of the size line
//   data        octets of the chunk, then data_cr, data_lf
//   trailer     lines up to an empty one

body_decoder::body_decoder(body_kind kind, std::uint64_t content_length, std::string hop_by_hop)
    : hop_by_hop_(std::move(hop_by_hop)) {
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

body_decoder::step body_decoder::decode(char* buffered, std::size_t size, http_error& error) {
    error = {};
    step result;
    if (state_ == state::until_close) return {size, size};
    while (result.consumed < size && state_ != state::done) {
        char* const at = buffered + result.consumed;
        const std::size_t left = size - result.consumed;
        if (state_ == state::length || state_ == state::data) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, remaining_));
            char* const to = buffered + result.produced;
            if (to != at) std::memmove(to, at, n);
            remaining_ -= n;
            result.consumed += n;
            result.produced += n;
            if (remaining_ == 0) state_ = state_ == state::length ? state::done : state::data_cr;
        } else if (state_ == state::trailer) {
            result.consumed += take_trailer({at, left}, error);
        } else {
            error = take_framing(*at);
            ++result.consumed;
        }
        if (error) break;
    }
    return result;
}

http_error body_decoder::take_framing(char c) {
    switch (state_) {
        case state::size:
            if (const int digit = grammar::hex_value(c); digit >= 0) return add_digit(static_cast<unsigned>(digit));
            if (line_ == 0) return {400, "a chunk size is not a hexadecimal number"};
            if (c == ' ' || c == '\t') {
                state_ = state::blanks;
            } else if (c == ';') {
                state_ = state::extension;
            } else if (c == '\r') {
                state_ = state::size_lf;
            } else {
                return {400, "a chunk size is not a hexadecimal number"};
            }
            return count_line();
        case state::blanks:
            if (c == ';') {
                state_ = state::extension;
            } else if (c == '\r') {
                state_ = state::size_lf;
            } else if (c != ' ' && c != '\t') {
                return {400, "a chunk size is not a hexadecimal number"};
            }
            return count_line();
        case state::extension:
            if (c == '\r') {
                state_ = state::size_lf;
            } else if (!grammar::is_field_value({&c, 1})) {
                return {400, "a control character in a chunk extension"};
            }
            return count_line();
        case state::size_lf:
            if (c != '\n') return {400, "a chunk size does not end in CRLF"};
            state_ = remaining_ > 0 ? state::data : state::trailer;
            line_ = 0;
            return {};
        case state::data_cr:
            if (c != '\r') return {400, "a chunk is longer than its size"};
            state_ = state::data_lf;
            return {};
        case state::data_lf:
            if (c != '\n') return {400, "a chunk does not end in CRLF"};
            state_ = state::size;
            return {};
        case state::done:
        case state::length:
        case state::until_close:
        case state::data:
        case state::trailer:
            break;
    }
    return {};
}

http_error body_decoder::add_digit(unsigned digit) noexcept {
    if (remaining_ > std::numeric_limits<std::uint64_t>::max() >> 4) return {400, "a chunk size is too large"};
    remaining_ = remaining_ << 4 | digit;
    return count_line();
}

http_error body_decoder::count_line() noexcept {
    if (++line_ > limits::max_chunk_line) return {400, "a chunk size line is too long"};
    return {};
}

std::size_t body_decoder::take_trailer(std::string_view input, http_error& error) {
    const auto line_feed = input.find('\n');
    const auto n = line_feed == std::string_view::npos ? input.size() : line_feed + 1;
    if (n > limits::max_trailers - section_.size()) {
        error = {400, "the trailer section is too long"};
        return n;
    }
    section_.append(input, 0, n);
    if (line_feed == std::string_view::npos) return n;

    auto line = std::string_view{section_}.substr(line_, section_.size() - line_ - 1);
    if (!line.ends_with('\r')) {
        error = {400, "a line feed without carriage return in the trailer section"};
        return n;
    }
    line.remove_suffix(1);
    if (line.empty()) {
        finish_trailers();
    } else {
        error = add_trailer(line);
        line_ = section_.size();
    }
    return n;
}

http_error body_decoder::add_trailer(std::string_view line) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || !grammar::is_token(name))
        return {400, "a trailer field name is not a token"};
    const auto value = grammar::trim(line.substr(colon + 1));
    if (!grammar::is_field_value(value)) return {400, "a control character in a trailer field"};
    if (!is_forbidden_trailer(name)) trailers_.add(name, value);
    return {};
}

void body_decoder::finish_trailers() {
    state_ = state::done;
    section_ = {};
    if (hop_by_hop_.empty() || trailers_.empty()) return;
    connection_options options;
    options.add(hop_by_hop_);
    options.finish();
    trailers_.remove_if([&options](const http::field& f) { return options.names(f.name); });
}

}  // namespace tunnel::http
