#pragma once

#include <cstddef>
#include <string_view>

#include "http/received.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/head.hpp"

/// Message heads and chunk framing as bytes. What came in a frame has passed is_writable before (writable.hpp).
namespace tunnel::http {

/// What a request head on the app's connection needs besides the head itself.
struct request_style {
    body_kind body = body_kind::none;
    std::string_view app_host;  ///< the app's HOST:PORT, sent as Host if the client (in HTTP/1.0) sent none
};

/// Writes a request head: request line, fields with Content-Length in its place if declared, else Transfer-Encoding:
/// chunked where `style` says so; Connection and Upgrade where head.upgrade is set; TE: trailers where the client sent
/// it. Room is made for `behind` bytes more.
void append_request_head(byte_buffer& out, const request_head& head, const request_style& style,
                         std::size_t behind = 0);

/// What a response head on the public connection needs besides the head itself.
struct response_style {
    unsigned minor = 1;      ///< the client's HTTP/1.<minor>; 0 gets `Connection: keep-alive` if kept open
    bool keep_alive = true;  ///< false adds `Connection: close`
    body_kind body = body_kind::none;
};

/// Writes a response head: status line, fields with Content-Length in its place (not on 1xx and 204), framing by
/// `style.body`, Date if there is none (not on 1xx), Connection as needed. A body that only the end of the connection
/// delimits (until_close, or chunked to HTTP/1.0) is announced with `Connection: close` whatever `style` says. With
/// body_kind::none nothing is invented: for an empty body in response to anything but HEAD, content_length has to be
/// 0, or the client waits (205 gets it here). Room is made for `behind` bytes more.
void append_response_head(byte_buffer& out, const response_head& head, const response_style& style,
                          std::size_t behind = 0);

/// Chunk framing around body bytes: `append_chunk_start(n)`, the n bytes, `chunk_end`.
void append_chunk_start(byte_buffer& out, std::size_t n);
inline constexpr std::string_view chunk_end = "\r\n";
/// The last chunk with its trailer section.
void append_last_chunk(byte_buffer& out, const field_list& trailers);

}  // namespace tunnel::http
