#include "http/head_reader.hpp"

#include <algorithm>

#include "http/grammar.hpp"

namespace tunnel::http {
namespace {

constexpr std::size_t around_a_field = std::string_view{R"(["",""],)"}.size();

// In a frame a quote is two bytes, as is a byte above ASCII; a tab is written as \u0009.
std::size_t escaped_size(std::string_view text) noexcept {
    std::size_t size = text.size();
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ') {
            size += 5;
        } else if (c == '"' || c == '\\' || byte >= 0x80) {
            ++size;
        }
    }
    return size;
}

}  // namespace

void head_reader::reset() noexcept {
    begin_ = searched_ = 0;
    empty_lines_ = 0;
    connection_.clear();
    error_ = {};
    has_start_line_ = false;
    faulty_ = false;
}

std::string_view head_reader::skip_empty_lines(std::string_view head) noexcept {
    constexpr unsigned most = 2;
    for (; empty_lines_ < most; ++empty_lines_) {
        const auto rest = head.substr(begin_);
        const bool line_feed = mode_ == parse_mode::lenient && rest.starts_with('\n');
        if (!line_feed && !rest.starts_with(grammar::line_end)) break;
        begin_ += line_feed ? 1 : grammar::line_end.size();
        faulty_ = true;
    }
    const auto rest = head.substr(begin_);
    return rest == "\r" && empty_lines_ < most ? std::string_view{} : rest;
}

bool head_reader::take_start_line(std::string_view head, std::string_view& line) noexcept {
    const char* const first = head.data();
    const char* const end = first + head.size();
    const char* const at = find_any_of(first, first + std::max(begin_, searched_), end, grammar::controls);
    searched_ = static_cast<std::size_t>(at - first);
    if (at == end || (*at == '\r' && at + 1 == end)) {
        check_size(head);
        return false;
    }
    const bool line_feed = *at == '\n';
    if (line_feed && mode_ == parse_mode::strict) {
        error_ = {400, "a line feed without carriage return"};
    } else if (*at == '\r' && at[1] != '\n') {
        error_ = {400, "a carriage return without line feed"};
    } else if (!line_feed && *at != '\r') {
        error_ = {400, "a control character in the start line"};
    }
    if (error_) return false;
    faulty_ = faulty_ || line_feed;
    has_start_line_ = true;
    line = {first + begin_, at};
    lines_.start(searched_ + (line_feed ? 1 : grammar::line_end.size()));
    return true;
}

void head_reader::check_size(std::string_view head) noexcept {
    if (head.size() < max_head_) return;
    const auto limit = static_cast<std::uint32_t>(max_head_);
    if (has_start_line_) {
        error_ = {431, "the head is longer than --max-header-bytes", error_kind::too_large, limit};
    } else {
        error_ = {414, "the start line is longer than --max-header-bytes", error_kind::too_large, limit};
    }
}

parse_error check_frame_size(std::size_t head_size, std::string_view start, const field_list& fields) {
    if (head_size <= limits::max_head) return {};
    std::size_t size = escaped_size(start) + fields.size() * around_a_field;
    for (const auto [name, value] : fields) size += escaped_size(name) + escaped_size(value);
    if (size <= limits::max_escaped_head) return {};
    return {431, "the head is too long for the tunnel, which sends each in one frame", error_kind::too_large,
            limits::max_frame};
}

}  // namespace tunnel::http
