#pragma once

#include <cstdint>
#include <string>

#include "tunnel/http/head.hpp"

/// Messages as they came from a connection: the head, and what it says about its connection and its body.
namespace tunnel::http {

/// How the bytes behind a head are delimited (RFC 9112 section 6.3). `none` if there are none: no body, or one
/// declared to be empty.
enum class body_kind : std::uint8_t { none, length, chunked, until_close };

/// A request from a client. In `head`, hop-by-hop and framing fields are removed (RFC 9110 section 7.6.1: Connection
/// and what it names, but never Host), Host is the authority of an absolute-form target, the target is in origin-form
/// (or `*`).
struct received_request {
    request_head head;
    unsigned minor = 1;  ///< HTTP/1.<minor>
    body_kind body = body_kind::none;
    bool keep_alive = true;
    bool expects_continue = false;  ///< Expect: 100-continue on HTTP/1.1; the field itself is forwarded
    std::string hop_by_hop;         ///< of a chunked message: names listed in Connection, for body_decoder
};

/// A response from the app, hop-by-hop and framing fields removed.
struct received_response {
    response_head head;
    body_kind body = body_kind::none;
    bool keep_alive = true;       ///< whether the app's connection may serve another request
    bool faulty_framing = false;  ///< a tolerated fault in how the message is delimited; `keep_alive` is false with it
    std::string hop_by_hop;       ///< as in received_request
};

}  // namespace tunnel::http
