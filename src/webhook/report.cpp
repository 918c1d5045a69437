#include "webhook/report.hpp"

#include <array>
#include <cstddef>

namespace tunnel::webhook {

std::string_view to_string(verdict v) noexcept {
    constexpr std::array<std::string_view, 7> names{"none",     "valid",     "invalid",  "stale",
                                                    "unsigned", "no_secret", "truncated"};
    return names[static_cast<std::size_t>(v)];
}

std::string_view to_string(cause c) noexcept {
    constexpr std::array<std::string_view, 23> names{"none",
                                                     "app_read_body_first",
                                                     "app_decoded_body",
                                                     "stale_by_now",
                                                     "stale_at_arrival",
                                                     "clock_ahead",
                                                     "no_timestamp",
                                                     "malformed",
                                                     "bad_key",
                                                     "body_hash",
                                                     "secret_of_other_provider",
                                                     "secret_kind",
                                                     "secret_form",
                                                     "encoding",
                                                     "algorithm",
                                                     "sibling_scheme",
                                                     "body_line_end",
                                                     "body_reserialised",
                                                     "body_charset",
                                                     "body_coding",
                                                     "url_scheme",
                                                     "url_port",
                                                     "url_other"};
    const auto at = static_cast<std::size_t>(c);
    return at < names.size() ? names[at] : "unknown";
}

}  // namespace tunnel::webhook
