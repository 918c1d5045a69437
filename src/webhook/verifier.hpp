#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "webhook/delivery.hpp"
#include "webhook/report.hpp"
#include "webhook/scheme.hpp"
#include "webhook/secrets.hpp"

namespace tunnel::webhook {

/// What has to change in a request so that its signature is right and fresh.
struct resigned {
    std::vector<field_line> fields{};     ///< each replaces the fields of its name
    std::optional<std::string> target{};  ///< where the URL holds a hash of the body
    std::optional<std::string> body{};    ///< where the timestamp or the signature stands in it
    std::string refusal{};                ///< why it cannot be signed, in one sentence; empty: it was
};

/// Verifies, diagnoses and makes signatures. Immutable, so it may be used by several threads at once.
class verifier {
 public:
    verifier(std::vector<scheme> schemes, std::vector<secret> secrets);

    /// Provider, event, id and verdict: one hash for each secret of the provider, so that it can be done for each
    /// request that arrives.
    [[nodiscard]] report verify(const delivery& d) const;

    /// The same, and where the signature is wrong the search for the cause: up to some hundred hashes of the body.
    /// For one request that a user looks at.
    [[nodiscard]] report diagnose(const delivery& d) const;

    /// Signs the request as its provider would at `now`, with the first secret of the provider that fits. `d` is the
    /// request as it will be sent: its edited body, and the URL that the app will compute.
    [[nodiscard]] resigned resign(const delivery& d, std::chrono::sys_seconds now) const;

    [[nodiscard]] const std::vector<scheme>& schemes() const noexcept { return schemes_; }

 private:
    [[nodiscard]] report judge(const delivery& d, bool search) const;

    std::vector<scheme> schemes_;
    std::vector<secret> secrets_;
};

}  // namespace tunnel::webhook
