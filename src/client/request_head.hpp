#pragma once

#include <cstddef>
#include <string_view>

#include "http/received.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// How the body of a request is framed on the connection to the app.
[[nodiscard]] http::body_kind framing_of(const protocol::request& request);

/// Writes the head of a request as the app gets it. `app_host`: HOST:PORT of the app, for a request without Host. Room
/// is made for `behind` bytes more.
void append_head(byte_buffer& out, const protocol::request& request, std::string_view app_host, std::size_t behind = 0);

}  // namespace tunnel::client
