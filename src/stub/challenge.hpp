#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/record.hpp"
#include "stub/reply.hpp"

namespace tunnel::stub {

/// Who asks an endpoint to prove that it expects the webhooks, before they are sent.
enum class challenger : std::uint8_t {
    slack,    ///< POST with type url_verification
    zoom,     ///< POST with event endpoint.url_validation; needs the secret
    dropbox,  ///< GET with ?challenge=
    x,        ///< GET with ?crc_token=; needs the secret
    meta,     ///< GET with ?hub.mode=subscribe; needs the verify token
};

[[nodiscard]] std::optional<challenger> challenger_from(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(challenger who) noexcept;
/// Whether the response is made with the secret that signs the webhooks.
[[nodiscard]] bool needs_secret(challenger who) noexcept;

struct challenge {
    challenger who = challenger::slack;
    std::string secret_name{};  ///< which line of the secrets; empty: the first of the challenger
    std::string key{};          ///< the secret, or Meta's verify token; never printed
};

/// Nothing: the request is not that challenge.
[[nodiscard]] std::optional<reply> respond(const challenge& to, const inspector::record& request);

}  // namespace tunnel::stub
