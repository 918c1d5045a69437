#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhook/verifier.hpp"

namespace tunnel::webhook {

/// A request that owns what a delivery refers to.
struct sample {
    std::string method = "POST";
    std::string target = "/hook";
    std::vector<field_line> fields{};
    std::string body{};
    std::string url = "https://example.com/hook";
    std::string configured_url{};
    std::int64_t arrived = 0;
    std::int64_t now = 0;
    int app_status = 0;
    bool truncated = false;

    [[nodiscard]] delivery view() const;
    /// Sets the field, in place of one of that name.
    void set(std::string_view name, std::string_view value);
};

using secret_list = std::vector<std::pair<std::string, std::string>>;

/// Of all built-in schemes; a secret is named after its provider, and a label behind it: "stripe.test".
[[nodiscard]] verifier verifier_with(const secret_list& secrets);

/// The request with what resign() changes; it must not refuse.
[[nodiscard]] sample resigned_sample(const verifier& v, sample s, std::int64_t now);

}  // namespace tunnel::webhook
