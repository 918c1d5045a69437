#pragma once

#include <string>
#include <string_view>

#include "inspector/record.hpp"
#include "tunnel/http/head.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::inspection {

[[nodiscard]] inspector::field_lines to_lines(const http::field_list& fields);
/// A request that came through the tunnel as an HTTP/1.1 head; with `app_host` for its Host where that is not empty.
[[nodiscard]] std::string head_text(const protocol::request& request, std::string_view app_host = {});
/// A response that the client made itself, as an HTTP/1.1 head.
[[nodiscard]] std::string head_text(const http::response_head& head);
/// The URL that the caller asked for, as the fields tell that the server adds; empty where they do not.
[[nodiscard]] std::string public_url_of(const http::request_head& head);

}  // namespace tunnel::inspection
