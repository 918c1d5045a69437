#pragma once

#include <string>
#include <string_view>

#include "webhook/delivery.hpp"

namespace tunnel::webhook {

/// The URL of the request; without one in `d`, of its Host field and target, with https.
[[nodiscard]] std::string url_of(const delivery& d);

/// `scheme://host[:port]` and the rest. Views into the URL.
struct url_parts {
    std::string_view scheme{};  ///< empty: it is no whole URL
    std::string_view host{};
    std::string_view port{};
    std::string_view rest{};  ///< path and query
};
[[nodiscard]] url_parts split_url(std::string_view url) noexcept;
[[nodiscard]] std::string join_url(const url_parts& parts);

[[nodiscard]] std::string with_default_port(std::string_view url);
[[nodiscard]] std::string without_port(std::string_view url);

/// The value of the first parameter of that name in the query, as it stands there.
[[nodiscard]] std::string_view query_value(std::string_view url, std::string_view name) noexcept;

}  // namespace tunnel::webhook
