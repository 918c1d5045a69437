#pragma once

#include <string_view>

#include "http/received.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::server {

/// How the body of a response reaches a caller of HTTP/1.`minor` that sent `method` (RFC 9112 section 6). Where
/// the status or the whole body that came with the head implies a Content-Length, the head is given it.
[[nodiscard]] http::body_kind frame_for_caller(protocol::response& response, std::string_view method, unsigned minor);

/// Whether a response framed as `kind` can be sent to the caller as what it claims to be. The client is not trusted to
/// have made sure. `upgrade_asked`: the request offered to switch protocols.
[[nodiscard]] bool is_sound(const protocol::response& response, http::body_kind kind, bool upgrade_asked);

}  // namespace tunnel::server
