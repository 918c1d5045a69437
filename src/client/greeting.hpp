#pragma once

#include <string>
#include <string_view>

#include "base/address.hpp"

namespace tunnel::client {

/// The URL to show to people, from what the server announced: where that names every address of the server's machine
/// (0.0.0.0), the name by which this client reaches it. Empty where it is not a plain http or https URL.
[[nodiscard]] std::string public_url(std::string_view announced, const address& server);

/// What a person sees where the client does not reach the server at once: requests that came earlier can be looked at,
/// and where the inspector is does not depend on the server. `inspector` may be empty.
[[nodiscard]] std::string waiting(std::string_view server, std::string_view target, std::string_view inspector);

/// What a person sees once the client is connected. `url` and `inspector` may be empty.
[[nodiscard]] std::string greeting(std::string_view server, std::string_view url, std::string_view target,
                                   std::string_view inspector);

}  // namespace tunnel::client
