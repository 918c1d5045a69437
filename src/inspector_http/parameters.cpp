#include "inspector_http/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "inspector/body_view.hpp"
#include "inspector/limits.hpp"
#include "inspector_http/response.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

/// Length of the character of UTF-8 that begins the text; 1 where there is none.
std::size_t character_length(std::string_view text) noexcept {
    const auto first = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (first >= 0xF0)
        length = 4;
    else if (first >= 0xE0)
        length = 3;
    else if (first >= 0xC2)
        length = 2;
    return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 1;
}

}  // namespace

std::size_t code_points_before(std::string_view text, std::size_t byte) noexcept {
    byte = std::min(byte, text.size());
    std::size_t count = 0;
    for (std::size_t at = 0; at < byte; ++count) at += character_length(text.substr(at));
    return count;
}

query parse_filter(std::string_view text) {
    if (!is_utf8(text)) throw api_error(400, "bad_filter", "The filter is not UTF-8.", 0);
    const auto now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    auto parsed = query::parse(text, now);
    if (const auto* error = std::get_if<query_error>(&parsed)) {
        auto message = error->message;
        if (!error->suggestion.empty()) message += "; did you mean \"" + error->suggestion + "\"?";
        throw api_error(400, "bad_filter", message, code_points_before(text, error->position));
    }
    return std::get<query>(std::move(parsed));
}

const std::string* parameters::find(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find(target_.parameters, name, [](const auto& p) { return std::string_view{p.first}; });
    return found == target_.parameters.end() ? nullptr : &found->second;
}

std::uint64_t parameters::integer(std::string_view name, integer_range range, std::uint64_t otherwise) const {
    const auto* text = find(name);
    if (!text) return otherwise;
    std::uint64_t value = 0;
    const auto* const begin = text->data();
    const auto* const end = begin + text->size();
    const auto [stopped, error] = std::from_chars(begin, end, value);
    if (error != std::errc{} || stopped != end || value < range.least || value > range.most) {
        throw bad_request("\"" + std::string(name) + "\" is an integer from " + std::to_string(range.least) + " to " +
                          std::to_string(range.most) + ".");
    }
    return value;
}

bool parameters::flag(std::string_view name) const {
    const auto* text = find(name);
    if (!text) return false;
    if (*text == "true") return true;
    if (*text == "false") return false;
    throw bad_request("\"" + std::string(name) + "\" is true or false.");
}

record_id parameters::id(std::string_view name) const {
    const auto* text = find(name);
    if (!text) return 0;
    const auto id = parse_record_id(*text);
    if (!id) throw bad_request("\"" + std::string(name) + "\" is not the id of a record.");
    return *id;
}

std::string_view parameters::filter_text() const noexcept {
    const auto* text = find("q");
    return text ? std::string_view{*text} : std::string_view{};
}

query parameters::filter() const { return parse_filter(filter_text()); }

}  // namespace tunnel::inspector_http
