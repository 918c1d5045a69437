#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/limits.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspector {

struct decoded_body {
    std::string bytes;
    bool cut = false;     ///< the cap was reached, or the captured body ends before the coded one does
    std::string problem;  ///< empty, or why a coding could not be taken off; then `bytes` is what came before it
};

/// Takes the content codings (gzip, deflate, br, zstd, identity) off, last one first; never more than `cap` bytes.
[[nodiscard]] decoded_body decode_body(std::string_view bytes, std::string_view content_encoding,
                                       std::size_t cap = limits::decoded_body);
[[nodiscard]] decoded_body decode_body(const body_copy& body, const field_lines& fields,
                                       std::size_t cap = limits::decoded_body);

enum class body_type : std::uint8_t { empty, json, xml, html, form, multipart, event_stream, text, image, binary };
/// By Content-Type, and by the bytes where it is missing or wrong.
[[nodiscard]] body_type classify(std::string_view bytes, std::string_view content_type);
[[nodiscard]] std::string_view to_string(body_type type) noexcept;

[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;
/// UTF-8 that is mostly printable: what may be shown and exported as text.
[[nodiscard]] bool is_text(std::string_view bytes) noexcept;

struct json_view {
    std::string text;          ///< indented; strings and numbers are copied as they stand
    std::string problem;       ///< a sentence, empty where the text is JSON
    std::size_t position = 0;  ///< of the problem, in bytes
};
[[nodiscard]] json_view pretty_json(std::string_view text);

/// Lines of 16 bytes: offset, hexadecimal, printable ASCII.
[[nodiscard]] std::string hex_view(std::string_view bytes, std::uint64_t offset = 0);

}  // namespace tunnel::inspector
