#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tunnel::webhook {

enum class verdict : std::uint8_t {
    none,       ///< not a webhook of a known provider
    valid,      ///< a signature is right, and was made recently enough when it arrived
    invalid,    ///< no signature is right
    stale,      ///< right, but too old (or too far ahead) when it arrived
    unsigned_,  ///< a webhook of a known provider without a signature
    no_secret,  ///< signed, and there is no secret to check it with
    truncated,  ///< the signature covers the body, of which only the first bytes are known
};
[[nodiscard]] std::string_view to_string(verdict v) noexcept;

/// Why the verdict is what it is. The doctor finds those from `secret_of_other_provider` on.
enum class cause : std::uint8_t {
    none,
    app_read_body_first,  ///< valid over the bytes delivered, and the app refused it
    app_decoded_body,     ///< the same of a compressed body, which most likely was decompressed first
    stale_by_now,         ///< valid when it arrived; the same bytes would be stale now
    stale_at_arrival,
    clock_ahead,   ///< made in the future, by more than the tolerance
    no_timestamp,  ///< what is signed with the body is missing
    malformed,     ///< the signature field holds no signature of this scheme
    bad_key,       ///< the secret or public key cannot be decoded
    body_hash,     ///< the URL is signed with a hash, which is not the body's
    secret_of_other_provider,
    secret_kind,        ///< an API key or another credential in place of the signing secret
    secret_form,        ///< right once its prefix, its blanks or its base64 are treated otherwise
    encoding,           ///< hex in place of base64, upper case, missing prefix
    algorithm,          ///< SHA-1 in place of SHA-256, or the other way round
    sibling_scheme,     ///< made as another scheme makes it
    body_line_end,      ///< a newline at the end, or CRLF in place of LF
    body_reserialised,  ///< parsed as JSON and written again
    body_charset,       ///< decoded and encoded again
    body_coding,        ///< compressed or decompressed between signing and delivery
    url_scheme,         ///< http in place of https: a proxy takes off TLS
    url_port,
    url_other,  ///< the trailing slash, the query, or another host
    unknown,    ///< none of these
};
[[nodiscard]] std::string_view to_string(cause c) noexcept;

/// What is known of one request. No member ever holds a secret or a signature.
struct report {
    std::string provider;  ///< "stripe"; empty: not recognised
    std::string scheme;    ///< the row that decided: "hubspot-v3"
    std::string event;
    std::string delivery;  ///< id that the provider repeats when it sends again
    std::optional<unsigned> attempt;
    verdict result = verdict::none;
    cause why = cause::none;
    std::string explanation;  ///< one sentence: the cause and the remedy
    std::string secret;       ///< name of the secret that was right, from the file or the environment
    std::optional<std::chrono::seconds> age_at_arrival;  ///< of the timestamp; negative: ahead of this clock
    std::optional<std::chrono::seconds> age_now;
    std::optional<std::chrono::seconds> tolerance;  ///< of the provider's own libraries
};

}  // namespace tunnel::webhook
