#pragma once

#include <string>
#include <string_view>

#include "mux/failure.hpp"
#include "tunnel/http/head.hpp"

namespace tunnel::proxy {

[[nodiscard]] unsigned status_of(mux::failure f) noexcept;

/// Text for log and client: one line that says which hop failed and what to do.
[[nodiscard]] std::string_view sentence(mux::failure f) noexcept;
/// The same with the cause that was found, such as a parse_error's sentence; `cause` may be empty.
[[nodiscard]] std::string sentence(mux::failure f, std::string_view cause);

/// Whether a request with this Accept field prefers text/html, as browsers send it; a bare `*/*` does not.
[[nodiscard]] bool prefers_html(std::string_view accept) noexcept;

/// A response of the tunnel's own: head (X-Tunnel-Error, Content-Type, Content-Length, Retry-After on 503) and body.
/// The body is one line of text ending in a newline, or a self-contained HTML page with
/// `html`. `status` replaces the failure's own; `detail` is the cause if
/// the failure is that a message was refused, else the whole line.
struct own_response {
    http::response_head head;
    std::string body;
};
[[nodiscard]] own_response make_error_response(mux::failure f, bool html = false, unsigned status = 0,
                                               std::string_view detail = {});

}  // namespace tunnel::proxy
