#include "http/trailer_rules.hpp"

#include <algorithm>
#include <array>

#include "http/field_rules.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {

bool is_forbidden_trailer(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 13> misleading{"Host",
                                                                 "Trailer",
                                                                 "Expect",
                                                                 "Max-Forwards",
                                                                 "Content-Encoding",
                                                                 "Content-Type",
                                                                 "Content-Range",
                                                                 "Authorization",
                                                                 "Cookie",
                                                                 "Set-Cookie",
                                                                 "Via",
                                                                 "Proxy-Authorization",
                                                                 "Forwarded"};
    static constexpr std::string_view forwarded = "X-Forwarded-";
    return is_connection_field(name) || iequals(name.substr(0, forwarded.size()), forwarded) ||
           std::ranges::any_of(misleading, [name](std::string_view other) { return iequals(name, other); });
}

}  // namespace tunnel::http
