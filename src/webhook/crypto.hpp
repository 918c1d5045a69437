#pragma once

#include <string>
#include <string_view>

#include "webhook/scheme.hpp"

/// OpenSSL, as far as it is needed here. Keys, hashes and signatures are bytes.
namespace tunnel::webhook {

enum class hash : unsigned char { sha1, sha256 };

[[nodiscard]] std::string hmac(hash with, std::string_view key, std::string_view message);
[[nodiscard]] std::string sha256(std::string_view message);

/// In a time that depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

enum class key_result : unsigned char { right, wrong, bad_key };

/// `key`: for Ed25519 its 32 bytes, for ECDSA a SubjectPublicKeyInfo in DER, with a signature in DER.
[[nodiscard]] key_result verify_with_public_key(signature_algorithm with, std::string_view key,
                                                std::string_view signature, std::string_view message);

}  // namespace tunnel::webhook
