#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/options.hpp"
#include "io/asio.hpp"

namespace tunnel::client {

/// What an app replied to a request.
struct app_reply {
    enum class kind : std::uint8_t {
        http,     ///< with a status
        tls,      ///< it speaks TLS: nothing else is read there
        refused,  ///< nothing accepts the connection
        other,    ///< neither HTTP nor TLS
        silent,   ///< nothing within limits::doctor_app_time
        closed,   ///< it closed the connection without a reply
    };
    kind is = kind::refused;
    unsigned status = 0;
    std::string where;   ///< HOST:PORT that accepted the connection
    std::string detail;  ///< of `refused`: each address that was tried, and the error
};

/// Asks the app for the head of its front page: HEAD changes nothing. `host` is what Host says; empty: the app's own
/// address.
[[nodiscard]] io::awaitable<app_reply> ask_app(io::executor strand, const options& settings, std::string host);

}  // namespace tunnel::client
