#pragma once

#include <string>
#include <string_view>

#include "mux/failure.hpp"
#include "tunnel/http/head.hpp"

namespace tunnel::proxy {

[[nodiscard]] unsigned status_of(mux::failure f) noexcept;

/// Text that goes to log and caller: one line, which hop failed and what to do.
[[nodiscard]] std::string_view sentence(mux::failure f) noexcept;

/// Our own answer: head (X-Tunnel-Error, Content-Type, Content-Length, Retry-After on 503) and body. The body is
/// one line of text ending in a newline, or a self-contained HTML page where `accept` (the request's Accept
/// field) prefers text/html as browsers send it. `status` and `detail` replace the row's own where given.
struct own_answer {
    http::response_head head;
    std::string body;
};
[[nodiscard]] own_answer make_error_answer(mux::failure f, std::string_view accept = {}, unsigned status = 0,
                                           std::string_view detail = {});

}  // namespace tunnel::proxy
