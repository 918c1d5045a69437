#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// How log lines write numbers and text; `append_` appends to `out`.
namespace tunnel {

void append_number(std::string& out, std::uint64_t n, std::size_t digits = 1);
/// ASCII that stays on one line; every other byte as \xNN.
void append_visible(std::string& out, std::string_view text);
/// The same without blanks, for what strangers write into a line of fields with blanks between them.
void append_word(std::string& out, std::string_view text);
/// JSON string without its quotes; one character a byte as in our frames, so any bytes stay valid JSON.
void append_json(std::string& out, std::string_view text);
/// `0.1ms`, `12ms`, `300.0s`
void append_duration(std::string& out, std::uint64_t microseconds);
/// `80B`, `1.2kB`, `1.0GB`
void append_size(std::string& out, std::uint64_t bytes);
/// "1 request", "2 requests": for nouns that take an s.
[[nodiscard]] std::string counted(std::uint64_t n, std::string_view noun);

}  // namespace tunnel
