#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/request_values.hpp"
#include "webhook/scheme.hpp"
#include "webhook/secrets.hpp"

namespace tunnel::webhook {

/// What one row finds in one request.
struct reading {
    const scheme* row = nullptr;
    std::string field{};                    ///< the whole value of the signature's place
    std::vector<std::string> signatures{};  ///< without prefix
    std::string timestamp{};
    std::string id{};
};

/// Null where the row is not this request's.
[[nodiscard]] std::optional<reading> read_signature(const scheme& row, const request_values& values);

/// What is signed, besides the secret.
struct ingredients {
    std::string_view method{};
    std::string_view url{};
    std::string_view body{};
    std::string_view timestamp{};
    std::string_view id{};
    bool form = false;  ///< the body is one
};

/// Those of the request, with the first of `urls_of`.
[[nodiscard]] ingredients ingredients_of(const reading& r, const delivery& d, std::string_view url);

/// The URLs that the app may compute for this request, the configured one first.
[[nodiscard]] std::vector<std::string> urls_of(const scheme& row, const delivery& d);

[[nodiscard]] std::string message_of(const scheme& row, const ingredients& from, std::string_view secret);
[[nodiscard]] bool signs(const scheme& row, std::string_view placeholder) noexcept;
[[nodiscard]] bool has_shared_secret(const scheme& row) noexcept;

/// Whether the secret is written as this row's are, where a provider has several rows.
[[nodiscard]] bool fits(const scheme& row, std::string_view secret) noexcept;
/// The bytes to sign with; null: the secret cannot be decoded.
[[nodiscard]] std::optional<std::string> key_of(const scheme& row, std::string_view secret);

/// The bytes of a signature with a shared secret. `secret` is what {secret} stands for.
[[nodiscard]] std::string sign(const scheme& row, std::string_view key, const ingredients& from,
                               std::string_view secret);

enum class check_result : unsigned char { right, wrong, bad_key };
[[nodiscard]] check_result check(const scheme& row, std::string_view secret, const ingredients& from,
                                 std::span<const std::string> signatures);

}  // namespace tunnel::webhook
