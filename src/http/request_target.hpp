#pragma once

#include <string_view>

#include "http/parse_error.hpp"

namespace tunnel::http {

/// A request target taken apart (RFC 9112 section 3.2). Views into what was received.
struct request_target {
    std::string_view authority;  ///< of an absolute-form target, else empty
    std::string_view path;       ///< path and query as received; of `http://a?q` only `?q`
    bool add_slash = false;      ///< the path of an absolute-form target was empty
};

/// Origin-form, absolute-form (http and https) and, for OPTIONS, `*`. `target` has passed grammar::is_target.
[[nodiscard]] parse_error read_target(std::string_view method, std::string_view target, request_target& out) noexcept;

/// `uri-host [ ":" port ]` of RFC 9110 section 7.2; a comma is refused although reg-name has it, because two joined
/// Host lines look like that. Empty is valid: the target has no authority.
[[nodiscard]] bool is_host(std::string_view value) noexcept;

}  // namespace tunnel::http
