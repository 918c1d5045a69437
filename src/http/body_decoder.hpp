#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/field_parser.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// Takes the framing off a message body (RFC 9112 sections 6 and 7). No I/O; small enough for every session to hold
/// one.
class body_decoder {
 public:
    body_decoder() = default;  ///< no body: done at once
    /// `hop_by_hop`: names that the head's Connection listed; such fields are removed from the trailers (RFC 9110
    /// section 7.6.1).
    body_decoder(body_kind kind, std::uint64_t content_length, std::string hop_by_hop = {},
                 parse_mode mode = parse_mode::strict);

    struct step {
        std::size_t consumed = 0;  ///< bytes taken from the input; less than given only once the body is done
        std::size_t produced = 0;  ///< body bytes, moved to the front of the same buffer
    };
    /// Decodes in place. Takes everything it is given until the body ends; what stays behind `consumed` belongs to the
    /// next message. `error` (400) on bad chunk grammar, an extension over limits::max_chunk_line, a trailer section
    /// over limits::max_trailers. In lenient mode a line feed may end the lines of the framing, and lines of the
    /// trailer section that are not fields are dropped.
    [[nodiscard]] step decode(char* buffered, std::size_t size, parse_error& error);

    /// The peer closed its side. Completes an until_close body; otherwise false if the body was not complete.
    [[nodiscard]] bool end_of_input() noexcept;

    [[nodiscard]] bool done() const noexcept;
    /// Fields of the trailer section; whole when done. Framing and hop-by-hop fields are removed.
    [[nodiscard]] field_list& trailers() noexcept { return trailers_; }
    /// Chunked framing, whatever remaining() says of the current chunk.
    [[nodiscard]] bool chunked() const noexcept { return state_ >= state::size; }
    /// Whether a fault in the framing was tolerated: the connection is not to be used again.
    [[nodiscard]] bool faulty_framing() const noexcept { return faulty_ || lines_.faulty(); }
    /// Body bytes still to come where the length is declared; lets the owner size its reads.
    [[nodiscard]] std::uint64_t remaining() const noexcept { return remaining_; }

 private:
    enum class state : std::uint8_t {  // see body_decoder.cpp
        done,
        length,
        until_close,
        size,
        blanks,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer
    };
    void take_framing(char c, parse_error& error) noexcept;
    void take_size(char c, parse_error& error) noexcept;
    void take_size_end(char c, parse_error& error) noexcept;
    void take_extension(char c, parse_error& error) noexcept;
    void take_chunk_end(char c, parse_error& error) noexcept;
    void end_size_line() noexcept;
    void count_line(parse_error& error) noexcept;
    [[nodiscard]] bool tolerate_line_feed(char c) noexcept;
    std::size_t take_data(char* from, std::size_t size, char* to) noexcept;
    std::size_t take_trailers(std::string_view input, parse_error& error);
    [[nodiscard]] field_parser::result read_trailers(std::string_view section, parse_error& error);
    void finish_trailers();

    state state_ = state::done;
    std::uint64_t remaining_ = 0;
    std::size_t line_ = 0;  // bytes of the current chunk-size line
    field_parser lines_;
    std::string section_;     // trailer section so far, where it comes in several reads
    std::string hop_by_hop_;  // names from the head's Connection
    field_list trailers_;
    parse_mode mode_ = parse_mode::strict;
    bool faulty_ = false;
};

/// A decoder for the body behind a head that was received. Takes `hop_by_hop` out of the message.
[[nodiscard]] body_decoder make_decoder(received_request& message);
[[nodiscard]] body_decoder make_decoder(received_response& message);

}  // namespace tunnel::http
