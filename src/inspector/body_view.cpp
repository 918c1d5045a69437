#include "inspector/body_view.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool has_image_signature(std::string_view bytes) {
    using namespace std::string_view_literals;
    return bytes.starts_with("\x89PNG\r\n\x1a\n"sv) || bytes.starts_with("\xFF\xD8\xFF"sv) ||
           bytes.starts_with("GIF8"sv) || (bytes.starts_with("RIFF"sv) && bytes.substr(8).starts_with("WEBP"sv));
}

std::string_view without_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

body_type by_bytes(std::string_view bytes) {
    if (has_image_signature(bytes)) return body_type::image;
    if (!is_text(bytes)) return body_type::binary;
    const auto text = without_blanks(bytes);
    if (text.starts_with('{') || text.starts_with('[')) return body_type::json;
    const auto start = ascii_lower(text.substr(0, 16));
    if (start.starts_with("<!doctype html") || start.starts_with("<html")) return body_type::html;
    if (start.starts_with("<?xml")) return body_type::xml;
    return body_type::text;
}

}  // namespace

body_type classify(std::string_view bytes, std::string_view content_type) {
    if (bytes.empty()) return body_type::empty;
    const auto type = ascii_lower(content_type.substr(0, content_type.find(';')));
    const bool text = is_text(bytes);
    // A type that the bytes contradict is not believed.
    if (text && (contains(type, "json"))) return body_type::json;
    if (text && contains(type, "html")) return body_type::html;
    if (contains(type, "svg")) return text ? body_type::xml : body_type::binary;
    if (text && contains(type, "xml")) return body_type::xml;
    if (text && contains(type, "x-www-form-urlencoded")) return body_type::form;
    if (contains(type, "multipart/")) return body_type::multipart;
    if (text && contains(type, "event-stream")) return body_type::event_stream;
    if (contains(type, "image/") && !text) return body_type::image;
    return by_bytes(bytes);
}

std::string_view to_string(body_type type) noexcept {
    switch (type) {
        case body_type::empty:
            return "empty";
        case body_type::json:
            return "json";
        case body_type::xml:
            return "xml";
        case body_type::html:
            return "html";
        case body_type::form:
            return "form";
        case body_type::multipart:
            return "multipart";
        case body_type::event_stream:
            return "event-stream";
        case body_type::text:
            return "text";
        case body_type::image:
            return "image";
        case body_type::binary:
            return "binary";
    }
    return "binary";
}

bool is_utf8(std::string_view bytes) noexcept {
    // The ranges of RFC 3629 section 4: no surrogates, nothing overlong, nothing above U+10FFFF.
    for (std::size_t i = 0; i < bytes.size();) {
        const auto byte = [&](std::size_t at) -> unsigned {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned first = byte(i);
        if (first < 0x80) {
            ++i;
            continue;
        }
        const std::size_t following = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        const unsigned lowest = first == 0xE0 ? 0xA0U : first == 0xF0 ? 0x90U : 0x80U;
        const unsigned highest = first == 0xED ? 0x9FU : first == 0xF4 ? 0x8FU : 0xBFU;
        if (first < 0xC2 || first > 0xF4 || byte(i + 1) < lowest || byte(i + 1) > highest) return false;
        for (std::size_t n = 2; n <= following; ++n) {
            if ((byte(i + n) & 0xC0U) != 0x80U) return false;
        }
        i += following + 1;
    }
    return true;
}

bool is_text(std::string_view bytes) noexcept {
    if (!is_utf8(bytes)) return false;
    const auto odd = std::ranges::count_if(bytes, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\x1B';
    });
    if (bytes.find('\0') != std::string_view::npos) return false;
    return static_cast<std::size_t>(odd) * 10 <= bytes.size();
}

std::string hex_view(std::string_view bytes, std::uint64_t offset) {
    constexpr std::size_t per_line = 16;
    std::string text;
    text.reserve(bytes.size() / per_line * 80 + 80);
    for (std::size_t at = 0; at < bytes.size(); at += per_line) {
        const auto line = bytes.substr(at, per_line);
        fmt::format_to(std::back_inserter(text), "{:08x} ", offset + at);
        for (std::size_t i = 0; i < per_line; ++i) {
            if (i == per_line / 2) text += ' ';
            if (i < line.size())
                fmt::format_to(std::back_inserter(text), " {:02x}", static_cast<unsigned char>(line[i]));
            if (i >= line.size()) text += "   ";
        }
        text += "  |";
        for (const char c : line) text += c >= ' ' && c < '\x7F' ? c : '.';
        text += "|\n";
    }
    return text;
}

}  // namespace tunnel::inspector
