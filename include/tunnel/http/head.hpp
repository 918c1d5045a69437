#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// Content-Length does not stand among the fields of a head, because each side frames the body anew. Where it stood is
/// kept as the number of fields ahead of it; this if all are, or if that is not known.
inline constexpr std::uint32_t behind_all_fields = std::numeric_limits<std::uint32_t>::max();

struct request_head {
    std::string method;
    std::string target;  ///< request target exactly as received, query included ("path" on the wire)
    field_list fields;   ///< no hop-by-hop and framing fields: each side writes its own
    std::optional<std::uint64_t> content_length;  ///< declared by the sender; absent: chunked or no body
    std::uint32_t content_length_at = behind_all_fields;
    std::string upgrade;            ///< protocol asked for by Upgrade ("websocket"); empty: none
    bool accepts_trailers = false;  ///< the client sent `TE: trailers` ("te":"trailers" on the wire)

    bool operator==(const request_head&) const = default;
};

struct response_head {
    unsigned status = 0;  ///< 100..999
    std::string reason;
    field_list fields;
    std::optional<std::uint64_t> content_length;
    std::uint32_t content_length_at = behind_all_fields;
    std::string upgrade;  ///< set on a 101: from then on both directions are raw bytes

    /// 1xx other than 101: more heads follow.
    [[nodiscard]] bool interim() const noexcept { return status >= 100 && status < 200 && status != 101; }
    /// Whether Content-Length declares a body in a response of this status: not in one that switches protocols or never
    /// has a body (RFC 9110 section 8.6).
    [[nodiscard]] bool declares_body() const noexcept {
        return status >= 200 && status != 204 && status != 205 && status != 304;
    }

    bool operator==(const response_head&) const = default;
};

}  // namespace tunnel::http
