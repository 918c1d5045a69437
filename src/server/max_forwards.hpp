#pragma once

#include <optional>
#include <string>

#include "tunnel/protocol/message.hpp"

namespace tunnel::server {

/// A response that the server gives in the app's place.
struct final_recipient_response {
    http::response_head head;
    std::string body;
};

/// Max-Forwards on TRACE and OPTIONS (RFC 9110 section 7.6.2): at 0 this gateway is the final recipient and responds;
/// otherwise the field is lowered by one in place, and to 2^31 - 1 at most, which every recipient can read. Other
/// methods pass untouched.
[[nodiscard]] std::optional<final_recipient_response> apply_max_forwards(http::request_head& head);

}  // namespace tunnel::server
