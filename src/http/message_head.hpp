#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/head.hpp"

/// Bytes to message heads and back: the one parser and the one writer of both sides. Every check of RFC 9112
/// lives here, so nothing is ever parsed two ways. No I/O.
namespace tunnel::http {

/// How the octets behind a head are delimited (RFC 9112 section 6.3). `none` if there are none: no body, or one
/// declared to be empty.
enum class body_kind : std::uint8_t { none, length, chunked, until_close };

/// Why input was refused. `status` is what the public side answers; the local side answers 502 whatever.
struct http_error {
    unsigned status = 0;      ///< 400, 413, 414, 431, 501, 505; 0: no error
    std::string_view detail;  ///< a sentence for caller and log; static storage
    explicit operator bool() const noexcept { return status != 0; }
};

/// A request as it came from the caller. In `head`, hop-by-hop and framing fields are gone (RFC 9110 section
/// 7.6.1: Connection and what it names, but never Host), Host is the authority of an absolute-form target, the
/// target is in origin-form (or `*`).
struct received_request {
    http::request_head head;
    unsigned minor = 1;  ///< HTTP/1.<minor>
    body_kind body = body_kind::none;
    bool keep_alive = true;
    bool expects_continue = false;  ///< Expect: 100-continue on HTTP/1.1; the field itself is forwarded
    std::string hop_by_hop;         ///< of a chunked message: names listed in Connection, for body_decoder
};

/// A response as it came from the local app, hop-by-hop and framing fields gone.
struct received_response {
    http::response_head head;
    body_kind body = body_kind::none;
    bool keep_alive = true;
    std::string hop_by_hop;  ///< as in received_request
};

/// Reads one request head. `buffered` holds everything received so far from the head's first octet (leading
/// CRLF included); call again with more until it is done. Bounded by `max_head` octets.
class request_parser {
 public:
    explicit request_parser(std::size_t max_head);
    ~request_parser();

    /// Octets of the head if it is whole, else 0: more is needed, or `error` is set.
    [[nodiscard]] std::size_t parse(std::string_view buffered, received_request& out, http_error& error);
    /// Ready for the next message.
    void reset();

 private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// The same for one response head. `to_head`: the request was HEAD, so no body follows whatever is declared.
class response_parser {
 public:
    explicit response_parser(std::size_t max_head);
    ~response_parser();

    [[nodiscard]] std::size_t parse(std::string_view buffered, bool to_head, received_response& out, http_error& error);
    void reset();

 private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Writes a request head to the local app: request line, an empty Host if there is none (an HTTP/1.0 caller need
/// not send it, we must: RFC 9112 section 3.2), fields, then our own framing: Content-Length if declared, else
/// Transfer-Encoding: chunked where `body` says so; Connection and Upgrade where head.upgrade is set; TE: trailers
/// where the caller sent it. Room is made for `behind` octets more.
void append_request_head(byte_buffer& out, const http::request_head& head, body_kind body, std::size_t behind = 0);

/// What the public connection needs from a response head.
struct response_style {
    unsigned minor = 1;      ///< the caller's HTTP/1.<minor>; 0 gets `Connection: keep-alive` if kept open
    bool keep_alive = true;  ///< false adds `Connection: close`
    body_kind body = body_kind::none;
};

/// Writes a response head to the caller: status line, fields, framing by `style.body` and content_length (none
/// on 1xx and 204), Date if there is none (not on 1xx), Connection as needed. A body that only the end of the
/// connection delimits (until_close, or chunked to HTTP/1.0) is announced with `Connection: close` whatever `style`
/// says. With body_kind::none nothing is invented: who answers a request other than HEAD with an empty body sets
/// content_length to 0, or the caller waits (205 gets it here). Room is made for `behind` octets more.
void append_response_head(byte_buffer& out, const http::response_head& head, const response_style& style,
                          std::size_t behind = 0);

/// Chunk framing around body octets: `append_chunk_start(n)`, the n octets, `chunk_end`.
void append_chunk_start(byte_buffer& out, std::size_t n);
inline constexpr std::string_view chunk_end = "\r\n";
/// The last chunk with its trailer section.
void append_last_chunk(byte_buffer& out, const http::field_list& trailers);

/// Whether what came in a frame may be written as HTTP (RFC 9112 section 11.1): token names and methods, no CR,
/// LF or NUL in values and reason, a target without blanks and controls, status 100..599, and no framing or
/// hop-by-hop field smuggled in.
[[nodiscard]] bool is_writable(const http::request_head& head) noexcept;
[[nodiscard]] bool is_writable(const http::response_head& head) noexcept;
[[nodiscard]] bool is_writable(const http::field_list& fields) noexcept;

}  // namespace tunnel::http
