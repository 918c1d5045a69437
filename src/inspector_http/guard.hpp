#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector_http/request.hpp"
#include "inspector_http/response.hpp"

namespace tunnel::inspector_http {

/// Which requests the inspector serves.
struct guard_settings {
    std::uint16_t port = 0;
    std::string token;
    std::vector<std::string> hosts;  ///< in lower case, IPv6 in brackets: besides localhost, 127.0.0.1 and [::1]
    bool open_ngrok_api = false;     ///< ngrok's API without the token, as ngrok has it
};

/// Checks the head of every request before it is routed and before its body is read.
class guard {
 public:
    explicit guard(guard_settings settings);

    /// The response that refuses the request, or that takes the token of its URL; nothing where it may be served.
    [[nodiscard]] std::optional<response> check(const request& r, const request_target& target) const;

    [[nodiscard]] const std::string& cookie_name() const noexcept { return cookie_name_; }

 private:
    [[nodiscard]] bool is_own(std::string_view text) const;
    void check_host(const request& r, const request_target& target) const;
    void check_origin(const request& r, const request_target& target) const;
    [[nodiscard]] bool has_token(const request& r) const;
    [[nodiscard]] std::optional<response> take_token(const request& r, const request_target& target) const;

    guard_settings settings_;
    std::string cookie_name_;
};

/// Whether the request came through a tunnel (RFC 9110 section 7.6.3: our own Via), or is a replay.
[[nodiscard]] bool came_through_tunnel(const request& r) noexcept;

}  // namespace tunnel::inspector_http
