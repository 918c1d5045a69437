#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/byte_block.hpp"
#include "base/copy_bytes.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/field_list.hpp"
#include "tunnel/protocol/base64.hpp"

/// JSON values straight into a byte_buffer; the caller puts the punctuation between them.
namespace tunnel::protocol::json {

/// Writes into room that is reserved in advance, because a frame is many small parts. The room is for bytes that need
/// no escape, as nearly all do; a function that meets another byte reserves more.
class writer {
 public:
    /// Quotes around a string.
    static constexpr std::size_t around_a_string = 2;
    /// Digits of any number.
    static constexpr std::size_t longest_number = 20;

    writer(byte_buffer& out, std::size_t room)
        : out_(out), begin_(out.size()), at_(out.prepare(room + copied_beyond)), end_(at_ + room) {}
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    /// Dropped without `finish`, it leaves nothing behind.
    ~writer() {
        if (!finished_) out_.truncate(begin_);
    }

    void literal(std::string_view json) noexcept { at_ = copy_bytes(at_, json); }
    void number(std::uint64_t n) noexcept;
    /// A byte string in quotes: bytes 0x80 to 0xFF become U+0080 to U+00FF.
    void bytes(std::string_view bytes);
    /// `["name","value"],` of the byte strings of a line in a field_list.
    void pair(const http::field& line);
    /// UTF-8 text in quotes. What is not UTF-8 goes out as bytes, so that the frame is valid whatever it holds.
    void text(std::string_view text);
    /// Bytes as base64 in quotes.
    void base64(std::string_view bytes) noexcept;
    /// Bytes that are not JSON.
    void raw(std::string_view bytes) noexcept { at_ = copy_bytes(at_, bytes); }
    /// Takes the last byte back.
    void drop_last() noexcept { --at_; }
    void finish() noexcept {
        commit();
        finished_ = true;
    }

    static constexpr std::size_t room_for(std::string_view string) noexcept { return string.size() + around_a_string; }
    static constexpr std::size_t room_for_base64(std::string_view bytes) noexcept {
        return base64_encoded_size(bytes.size()) + around_a_string;
    }

 private:
    // Copying in blocks writes so much behind the end.
    static constexpr std::size_t copied_beyond = byte_block::size;

    enum class high_bytes { are_characters, are_utf8 };

    void commit() noexcept { out_.commit(static_cast<std::size_t>(at_ - out_.data()) - out_.size()); }
    template <high_bytes High>
    void string(std::string_view s);
    template <high_bytes High>
    void escaped_string(std::string_view s);
    void escape(unsigned char c) noexcept;

    byte_buffer& out_;
    std::size_t begin_;
    char* at_;
    char* end_;
    bool finished_ = false;
};

}  // namespace tunnel::protocol::json
