#pragma once

#include <string>
#include <string_view>

namespace tunnel::inspector_http {

/// 128 random bits from the system, as hexadecimal digits. Throws std::runtime_error where the system has none.
[[nodiscard]] std::string random_token();

/// Takes as long wherever the two differ.
[[nodiscard]] bool same_token(std::string_view a, std::string_view b) noexcept;

/// The value of that cookie in a Cookie field; empty where it is not there.
[[nodiscard]] std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept;

}  // namespace tunnel::inspector_http
