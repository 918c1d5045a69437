#pragma once

#include <cstdint>
#include <string_view>

namespace tunnel::mux {

/// The hop that failed and why, as `X-Tunnel-Error` names it. One row each in error_response.cpp: status, sentence.
enum class failure {
    none,
    no_client,                 ///< 503, Retry-After: no tunnel-client is connected
    overloaded,                ///< 503, Retry-After: too many requests in flight, or connections
    shutting_down,             ///< 503, Retry-After: server or client is draining
    tunnel_lost,               ///< 502: the connection to the client broke before the response
    replaced,                  ///< 502: another client took over before the response
    bad_response,              ///< 502: the client sent something that is not a valid HTTP response
    cancelled,                 ///< 502: the client cancelled the request for a reason that no other row has
    internal_error,            ///< 500: a bug in tunnel-server ended the request
    local_refused,             ///< 502: nothing listens on the local port
    local_unreachable,         ///< 502: the local host's name or address cannot be reached
    local_timeout,             ///< 504: no response head in time
    local_connect_timeout,     ///< 502: connect to the local app took too long
    local_reset,               ///< 502: the local app closed or reset before its response
    local_bad_response,        ///< 502: the app's response is not valid HTTP
    local_response_too_large,  ///< 502: the head of the app's response is over a limit
    bad_request,  ///< 4xx/5xx of http::parse_error: what the caller sent is refused; status and sentence come with it
    loop,         ///< 508: the request came from this tunnel itself
    reset,        ///< no response: tunnel-client asked for a reset of the caller's connection, on purpose
};

[[nodiscard]] std::string_view to_string(failure f) noexcept;  ///< "no-client", ...

/// Lets the program's statistics show every cause from the start.
void expect_failures();

}  // namespace tunnel::mux
