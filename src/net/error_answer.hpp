#pragma once

#include <string>
#include <string_view>

#include "tunnel/protocol/message.hpp"

namespace tunnel::net {

/// Who failed, as `X-Tunnel-Error` names it. One row each in error_answer.cpp: status, sentence.
enum class failure {
    none,
    no_client,              ///< 503, Retry-After: no tunnel-client is connected
    overloaded,             ///< 503, Retry-After: too many requests in flight, or connections
    shutting_down,          ///< 503, Retry-After: server or client is draining
    tunnel_lost,            ///< 502: the connection to the client broke before the answer
    replaced,               ///< 502: another client took over before the answer
    bad_answer,             ///< 502: the client sent something that is no HTTP answer
    local_refused,          ///< 502: nothing listens on the local port
    local_unreachable,      ///< 502: the local host's name or address cannot be reached
    local_timeout,          ///< 504: no answer head in time
    local_connect_timeout,  ///< 502: connect to the local app took too long
    local_reset,            ///< 502: the local app closed or reset before its answer
    local_bad_answer,       ///< 502: the local app's answer is no valid HTTP
    bad_request,  ///< 4xx/5xx of http_error: what the caller sent is refused; status and sentence come with it
    loop,         ///< 508: the request came from this tunnel itself
};

[[nodiscard]] std::string_view to_string(failure f) noexcept;  ///< "no-client", ...
[[nodiscard]] unsigned status_of(failure f) noexcept;

/// Text that goes to log and caller: one line, which hop failed and what to do.
[[nodiscard]] std::string_view sentence(failure f) noexcept;

/// Our own answer: head (X-Tunnel-Error, Content-Type, Content-Length, Retry-After on 503) and body. The body is
/// one line of text ending in a newline, or a self-contained HTML page where `accept` (the request's Accept
/// field) prefers text/html as browsers send it. `status` and `detail` replace the row's own where given.
struct own_answer {
    protocol::response_head head;
    std::string body;
};
[[nodiscard]] own_answer make_error_answer(failure f, std::string_view accept = {}, unsigned status = 0,
                                           std::string_view detail = {});

/// Standard reason phrase of a status code (RFC 9110 section 15); "" if unknown.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

/// IMF-fixdate of now (RFC 9110 section 5.6.7), made once a second per thread.
[[nodiscard]] std::string_view http_date();

}  // namespace tunnel::net
