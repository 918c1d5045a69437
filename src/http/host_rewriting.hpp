#pragma once

#include <string>
#include <string_view>

#include "tunnel/http/head.hpp"

namespace tunnel::http {

/// `--host-header rewrite` for one request and its responses. The app sees its own address as Host, and so must not see
/// the public one in Origin or Referer, which apps compare with Host; nor may a client be sent to the app's address by
/// a redirect. Only whole URLs are changed, and only their scheme and authority.
class host_rewriting {
 public:
    /// `fields` are those of the request as it came through the tunnel; the public name of the app is the first member
    /// of X-Forwarded-Host, or else Host; its scheme that of X-Forwarded-Proto, or http. `app_host` is the app's
    /// HOST:PORT. For an app on a loopback address, `localhost`, `127.0.0.1` and `[::1]` with that port are all its
    /// own.
    host_rewriting(const field_list& fields, std::string_view app_host);

    /// Sets Host; and Origin and Referer to the app's origin where they name the public one.
    void rewrite(request_head& head) const;
    /// Sets Location, Content-Location and Refresh to the public origin where they name the app's own.
    void rewrite(response_head& head) const;

 private:
    [[nodiscard]] bool is_public(std::string_view scheme, std::string_view authority) const;
    [[nodiscard]] bool is_app(std::string_view scheme, std::string_view authority) const;
    [[nodiscard]] std::string to_app(std::string_view url) const;
    [[nodiscard]] std::string to_public(std::string_view url) const;

    std::string scheme_;        // of the public side
    std::string public_host_;   // as redirects name it; empty: unknown
    std::string request_host_;  // Host as received
    std::string app_host_;
};

}  // namespace tunnel::http
