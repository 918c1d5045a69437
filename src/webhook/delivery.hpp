#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tunnel::webhook {

/// Name and value, as received.
using field_line = std::pair<std::string, std::string>;

/// One request, as the verifier reads it. Views: what they refer to has to outlive the call.
struct delivery {
    std::string_view method;
    std::string_view target;  ///< path and query
    std::span<const field_line> fields;
    std::string_view body;        ///< without transfer coding, as it was delivered to the app
    bool body_truncated = false;  ///< `body` is only the first bytes
    /// Whole URL (scheme, host, port, path, query) as this side saw it. Empty: made of Host and target, with https.
    std::string_view url;
    /// Whole URL that the provider was given, where it is known and differs.
    std::string_view configured_url;
    std::chrono::sys_seconds arrived{};
    std::chrono::sys_seconds now{};  ///< for the age that a replay would have; equal to `arrived` while it is live
    int app_status = 0;              ///< of the app's response; 0: not known
};

/// The value of the first field of that name; names compare without case. Null: there is none.
[[nodiscard]] const std::string* find_field(std::span<const field_line> fields, std::string_view name) noexcept;

}  // namespace tunnel::webhook
