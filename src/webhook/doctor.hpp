#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "webhook/check.hpp"
#include "webhook/report.hpp"

namespace tunnel::webhook {

/// A signature that no secret of its provider gives.
struct wrong_signature {
    const delivery& request;
    const reading& read;
    std::span<const scheme> schemes;
    std::span<const secret> secrets;   ///< of every provider
    std::vector<const secret*> own{};  ///< of this one
    std::vector<std::string> urls{};   ///< that were tried; the first is the one to expect

    [[nodiscard]] const scheme& row() const noexcept { return *read.row; }
    [[nodiscard]] ingredients as_received() const { return ingredients_of(read, request, urls.front()); }
    /// Whether one of the provider's secrets gives the signature for `from`, with any of the URLs.
    [[nodiscard]] bool is_right_for(ingredients from) const;
};

struct finding {
    cause why = cause::unknown;
    std::string sentence;
};

/// What would make the signature right, and so went wrong. The most likely cause first; always finds something to say.
[[nodiscard]] finding find_cause(const wrong_signature& s);

[[nodiscard]] std::optional<finding> find_secret_fault(const wrong_signature& s);
/// A credential that is not a signing secret, by how it begins.
[[nodiscard]] std::optional<finding> find_other_credential(const wrong_signature& s);
[[nodiscard]] std::optional<finding> find_signature_fault(const wrong_signature& s);
[[nodiscard]] std::optional<finding> find_body_fault(const wrong_signature& s);
[[nodiscard]] std::optional<finding> find_url_fault(const wrong_signature& s);

}  // namespace tunnel::webhook
