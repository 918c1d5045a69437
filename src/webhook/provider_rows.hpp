#pragma once

#include <span>
#include <vector>

#include "webhook/check.hpp"

namespace tunnel::webhook {

/// The provider that sent a request, and its signatures there.
struct provider_rows {
    const scheme* first = nullptr;  ///< row of the provider; null: it is not a webhook of one
    std::vector<reading> readings;  ///< of the rows that are signed, the strongest first
};

[[nodiscard]] provider_rows find_provider(std::span<const scheme> schemes, const request_values& values);

[[nodiscard]] std::vector<const secret*> secrets_of(const scheme& row, std::span<const secret> all);

/// The strongest that one of the secrets may be for, else the strongest.
[[nodiscard]] const reading& choose_reading(const provider_rows& rows, std::span<const secret* const> own);

}  // namespace tunnel::webhook
