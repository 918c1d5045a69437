#pragma once

#include <string_view>

namespace tunnel::http {

/// Standard reason phrase of a status code (RFC 9110 section 15); "" if unknown.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

/// IMF-fixdate of now (RFC 9110 section 5.6.7), made once a second per thread.
[[nodiscard]] std::string_view http_date();

}  // namespace tunnel::http
