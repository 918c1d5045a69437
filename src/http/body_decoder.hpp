#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message_head.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// Takes the framing off a message body (RFC 9112 sections 6 and 7). No I/O; small enough to sit in every session.
class body_decoder {
 public:
    body_decoder() = default;  ///< no body: done at once
    /// `hop_by_hop`: names that the head's Connection listed; such fields are taken out of the trailers (RFC 9110
    /// section 7.6.1).
    body_decoder(body_kind kind, std::uint64_t content_length, std::string hop_by_hop = {});

    struct step {
        std::size_t consumed = 0;  ///< octets taken from the input; less than given only once the body is done
        std::size_t produced = 0;  ///< body octets, moved to the front of the same buffer
    };
    /// Decodes in place. Takes everything it is given until the body ends; what stays behind `consumed` belongs
    /// to the next message. `error` (400) on bad chunk grammar, an extension over limits::max_chunk_line, a
    /// trailer section over limits::max_trailers.
    [[nodiscard]] step decode(char* buffered, std::size_t size, http_error& error);

    /// The peer closed its side. Completes an until_close body; otherwise false if the body was not complete.
    [[nodiscard]] bool end_of_input() noexcept;

    [[nodiscard]] bool done() const noexcept;
    /// Fields of the trailer section; whole when done. Framing and hop-by-hop fields are gone.
    [[nodiscard]] http::field_list& trailers() noexcept { return trailers_; }
    /// Chunked framing, whatever remaining() says of the current chunk.
    [[nodiscard]] bool chunked() const noexcept { return state_ >= state::size; }
    /// Body octets still to come where the length is declared; lets a caller size its reads.
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
    http_error take_framing(char c);
    http_error add_digit(unsigned digit) noexcept;
    http_error count_line() noexcept;
    std::size_t take_trailer(std::string_view input, http_error& error);
    http_error add_trailer(std::string_view line);
    void finish_trailers();

    state state_ = state::done;
    std::uint64_t remaining_ = 0;
    std::size_t line_ = 0;    // octets of the current chunk-size line; start of the line in section_
    std::string section_;     // trailer section so far
    std::string hop_by_hop_;  // names from the head's Connection
    http::field_list trailers_;
};

}  // namespace tunnel::http
