#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/field_list.hpp"
#include "tunnel/http/head.hpp"

/// The messages of the wire protocol, version 1 (docs/protocol.md), as values. Strings that come from HTTP
/// (method, target, reason, fields) are raw bytes here; only the codec knows how JSON carries them.
namespace tunnel::protocol {

enum class cancel_reason { caller_gone, local_reset, local_timeout, too_large, protocol, shutdown, reset, other };

// Stands before `version`: GCC 12's -Wshadow takes the enumerator for a shadow of it.
enum class goaway_reason { replaced, busy, shutdown, version, protocol, other };

inline constexpr std::uint32_t version = 1;

/// Id of a stream: from 1 to limits::max_stream_id, and above those of all earlier streams of the connection.
using stream_id = std::uint64_t;

struct hello {
    std::uint32_t protocol = version;
    std::string agent;         ///< "tunnel-client/0.1.0"
    std::uint64_t window = 0;  ///< initial credit per stream, in decoded body bytes
    std::uint64_t max_streams = 0;
    bool takeover = false;    ///< client only
    std::string instance;     ///< client only: the same at every connect of one client, another for every other
    bool raw_bodies = false;  ///< reads frames with raw bodies, if the other does; a server follows its client
    std::vector<std::uint64_t> versions = {};  ///< all that the sender speaks; empty: `protocol` alone
    bool probe = false;           ///< a handshake that does not make the client active; a server repeats it
    std::string public_url = {};  ///< server only, for people
    std::uint64_t time = 0;       ///< server only, to a probe: milliseconds since 1970 (UTC); 0: not said
    std::vector<std::string> compress_offer = {};  ///< client only: methods that it can compress with
    std::string compress = {};                     ///< server only: the method that it chose; empty: none

    bool operator==(const hello&) const = default;
};

/// Where a request came from.
struct request_origin {
    std::uint64_t connection = 0;  ///< number of the public connection, from 1; 0: not said
    std::string caller = {};       ///< HOST:PORT, for the log; empty: not said

    bool operator==(const request_origin&) const = default;
};

struct request {
    stream_id id = 0;
    http::request_head head;
    byte_buffer body;  ///< first body bytes, or all of them
    bool end = false;  ///< the body is complete
    http::field_list trailers;
    request_origin from = {};

    bool operator==(const request&) const = default;
};

struct response {
    stream_id id = 0;
    http::response_head head;
    byte_buffer body;
    bool end = false;
    http::field_list trailers;

    bool operator==(const response&) const = default;
};

struct data {
    stream_id id = 0;
    byte_buffer body;
    bool end = false;
    http::field_list trailers;

    bool operator==(const data&) const = default;
};

/// Credit given back, in decoded body bytes.
struct window {
    stream_id id = 0;
    std::uint64_t bytes = 0;

    bool operator==(const window&) const = default;
};

struct cancel {
    stream_id id = 0;
    cancel_reason reason = cancel_reason::other;
    std::string detail = {};  ///< a sentence for the log

    bool operator==(const cancel&) const = default;
};

/// The caller closed its sending side after a complete request (a half-close, not an abort): the client relays
/// that FIN to the local app. Server to client only.
struct fin {
    stream_id id = 0;

    bool operator==(const fin&) const = default;
};

struct ping {
    std::uint64_t nonce = 0;

    bool operator==(const ping&) const = default;
};

struct pong {
    std::uint64_t nonce = 0;

    bool operator==(const pong&) const = default;
};

struct goaway {
    goaway_reason reason = goaway_reason::other;
    std::string detail;                        ///< a sentence for the log
    std::vector<std::uint64_t> versions = {};  ///< with `version`: all that the sender speaks

    bool operator==(const goaway&) const = default;
};

/// A public connection has ended: no request names it any more. Server to client only; "closed" on the wire.
struct closed_connection {
    std::uint64_t connection = 0;

    bool operator==(const closed_connection&) const = default;
};

/// A type that this version does not know: ignored.
struct unknown {
    bool operator==(const unknown&) const = default;
};

using message =
    std::variant<unknown, hello, request, response, data, window, cancel, fin, ping, pong, goaway, closed_connection>;

/// Wire names: "caller-gone", "replaced" and so on. Unknown names read as `other`.
[[nodiscard]] std::string_view to_string(cancel_reason reason) noexcept;
[[nodiscard]] cancel_reason cancel_reason_from(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(goaway_reason reason) noexcept;
[[nodiscard]] goaway_reason goaway_reason_from(std::string_view name) noexcept;

}  // namespace tunnel::protocol
