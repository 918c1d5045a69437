#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tunnel::inspector_http {

/// A request to the inspector, apart from how it was read.
struct request {
    std::string method;
    std::string target;  ///< as in the request line
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    /// How many fields have that name, and the value of the first one.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
};

/// The target of a request, taken apart.
struct request_target {
    std::string path;                                             ///< as it stands, not decoded
    std::vector<std::pair<std::string, std::string>> parameters;  ///< decoded
    std::optional<std::string> authority;                         ///< of the absolute form
};

/// Nothing and a sentence where the target is neither a path nor an http URL, has an invalid escape, too many
/// parameters, or one of them twice.
[[nodiscard]] std::optional<request_target> parse_target(std::string_view target, std::string& problem);

}  // namespace tunnel::inspector_http
