#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::webhook {

enum class signature_algorithm : std::uint8_t {
    hmac_sha256,
    hmac_sha1,
    sha256,      ///< a plain hash of a message that has {secret} in it
    token,       ///< the field holds the secret itself
    ed25519,     ///< of a public key
    ecdsa_p256,  ///< of a public key; SHA-256, signature in DER
};

enum class text_encoding : std::uint8_t { hex, base64, base64url, text };

enum class time_unit : std::uint8_t { seconds, milliseconds };

/// How one provider signs: a row of the table in schemes.cpp, or of the user's file.
///
/// A *place* says where a value stands: the name of a field; `body:/a/0/b`, a JSON pointer (RFC 6901) into a JSON body,
/// of which a single name also finds a value of a form; or `item:t=`, what follows `t=` in an item of the signature
/// field. Several places are separated by `|`; the first that has a value is used.
struct scheme {
    std::string provider{};  ///< what secrets are named after: "hubspot"
    std::string name{};      ///< unique: "hubspot-v3"
    std::string title{};     ///< as people write it: "HubSpot"

    std::string signature{};           ///< place of the signature
    std::vector<std::string> when{};   ///< fields that have to be there too: `Name`, or `Name=text in its value`
    std::vector<std::string> marks{};  ///< fields that identify the provider even without a signature
    /// Between the items of the signature field: one character, and a blank where one is written behind it. Empty: the
    /// field is one item.
    std::string separator{};
    std::string prefix{};  ///< of an item that is a signature

    signature_algorithm algorithm = signature_algorithm::hmac_sha256;
    text_encoding encoding = text_encoding::hex;
    /// What is signed. {body} {timestamp} {id} {method} {url} {secret}, and {form}: names and values of a form,
    /// sorted, without duplicates and without separators.
    std::string message{"{body}"};
    text_encoding key_encoding = text_encoding::text;  ///< how the key is written in the secret
    std::string key_prefix{};                          ///< taken off before the key is decoded

    std::string timestamp{};  ///< place
    time_unit unit = time_unit::seconds;
    std::chrono::seconds tolerance{};  ///< of the provider's own libraries; 0: they do not judge the age
    bool refuses_future = true;        ///< the tolerance holds for timestamps ahead of the clock too
    std::string id{};                  ///< place of {id}
    bool default_port = false;         ///< also tried: {url} with the default port added, and with any port removed
    std::string body_hash{};           ///< parameter of the URL that holds the SHA-256 of the body, in hex

    std::string event{};     ///< place
    std::string delivery{};  ///< place
    std::string attempt{};   ///< place

    std::vector<std::string> also{};  ///< providers whose secrets may be of this one
    std::string secret_place{};       ///< where the provider shows the secret
};

/// Every provider that is known, in the order in which rows are looked for.
[[nodiscard]] const std::vector<scheme>& builtin_schemes();

/// The user's own rows, a JSON array of objects whose members are those of `scheme`, followed by the built-in ones.
/// Throws settings_error, which names the row and the member.
[[nodiscard]] std::vector<scheme> parse_schemes(std::string_view json);

/// The same of a file. Throws settings_error, which names it.
[[nodiscard]] std::vector<scheme> load_schemes(const std::string& path);

}  // namespace tunnel::webhook
