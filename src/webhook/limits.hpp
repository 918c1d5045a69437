#pragma once

#include <cstddef>

/// Every bound of the webhook room, with its reason.
namespace tunnel::webhook::limits {

inline constexpr std::size_t kib = 1024;

/// A file of secrets, or of schemes: some hundred lines.
inline constexpr std::size_t settings_file = 256 * kib;

/// Secrets in all, and of one provider: a bad signature is compared with each.
inline constexpr std::size_t secrets = 256;
inline constexpr std::size_t secrets_of_provider = 16;

/// Schemes of the user's own: each is looked for in every request.
inline constexpr std::size_t own_schemes = 64;

/// Signatures that are read of one field. A sender lists one for each secret while it changes secrets.
inline constexpr std::size_t signatures_in_field = 8;

/// A body above this is not parsed as JSON or as a form, and not rewritten by the doctor: webhooks are far smaller.
inline constexpr std::size_t parsed_body = 1024 * kib;

/// A body written again in another way, to find the one that was signed: blanks of deep nesting may make it a hundred
/// times as long, which nobody signs.
inline constexpr std::size_t rewritten_body = 4 * parsed_body;

/// Nesting of a body that is parsed: the parser takes memory for each level.
inline constexpr std::size_t json_depth = 64;

/// Names and values of a form: Twilio sends some thirty.
inline constexpr std::size_t form_values = 1'000;

/// What is shown of an event, an id of a delivery or a timestamp, in bytes.
inline constexpr std::size_t shown_text = 256;

/// Places of a JSON body in which a timestamp is looked for when a request is signed again.
inline constexpr std::size_t rewritten_places = 16;

}  // namespace tunnel::webhook::limits
