#pragma once

#include <cstdint>
#include <string_view>

#include "tunnel/protocol/byte_buffer.hpp"

/// JSON values straight into a byte_buffer; the caller puts the punctuation between them.
namespace tunnel::protocol::json {

void put_number(byte_buffer& out, std::uint64_t n);

/// A byte string in quotes: octets 0x80 to 0xFF become U+0080 to U+00FF.
void put_octets(byte_buffer& out, std::string_view octets);

/// UTF-8 text in quotes. What is no UTF-8 goes out as octets, so that the frame is valid whatever it holds.
void put_text(byte_buffer& out, std::string_view text);

/// Octets as base64 in quotes.
void put_base64(byte_buffer& out, std::string_view octets);

}  // namespace tunnel::protocol::json
