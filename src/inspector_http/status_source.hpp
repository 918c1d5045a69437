#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "inspector/record.hpp"

namespace tunnel::inspector_http {

enum class tunnel_state : std::uint8_t { connecting, up, retrying, replaced };
enum class app_state : std::uint8_t { unknown, up, down };

/// What the API says of the tunnel; an empty string is not known.
struct tunnel_status {
    tunnel_state state = tunnel_state::connecting;
    std::string public_url;
    std::string forwarding_to;  ///< "http://127.0.0.1:3000"
    std::string server;         ///< "tunnel.example.dev:7000"
    std::string error;          ///< why it is not up
    std::string replaced_by;
    app_state app = app_state::unknown;  ///< whether the last connection to it succeeded
    std::uint64_t held = 0;              ///< requests that wait for it
    std::optional<inspector::time_point> since;
    std::optional<inspector::time_point> retry_at;
    std::uint64_t dropped = 0;  ///< records that the capture could not keep, besides those that the history counts
    std::uint64_t bodies_dropped = 0;
    std::uint64_t body_bytes = 0;  ///< kept of each body at most
    std::uint64_t count_limit = 0;
    std::uint64_t bytes_limit = 0;
};

/// Implemented by the client; called from the inspector's threads.
class status_source {
 public:
    virtual ~status_source() = default;
    [[nodiscard]] virtual tunnel_status status() const = 0;
};

}  // namespace tunnel::inspector_http
