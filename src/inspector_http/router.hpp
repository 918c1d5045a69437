#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inspector_http/parameters.hpp"
#include "inspector_http/reply.hpp"
#include "inspector_http/request.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

/// One request on its way to its handler.
struct call {
    const request& received;
    const request_target& target;
    const services& s;
    std::uint16_t own_port;                  ///< that no replay may go to
    std::vector<std::string_view> captured;  ///< what stands for the {names} of the route's path

    [[nodiscard]] parameters params() const noexcept { return parameters(target); }
};

enum class body_kind : std::uint8_t { none, json, replay, import };

struct route {
    std::string_view method;
    std::string_view path;  ///< a segment in braces stands for any
    body_kind body;
    reply (*handle)(const call&);
};

[[nodiscard]] std::span<const route> routes() noexcept;

struct found_route {
    const route* what;
    std::vector<std::string_view> captured;
};

/// HEAD is served as GET. Throws api_error: 404, or 405 where the path has other methods.
[[nodiscard]] found_route find_route(std::string_view method, std::string_view path);
/// The methods that a path has, for Allow.
[[nodiscard]] std::string allowed_methods(std::string_view path);

/// Bytes of a body that the route takes.
[[nodiscard]] std::size_t body_limit(body_kind kind) noexcept;
/// Throws api_error where the request has a body of a type that the route does not take.
void check_body_type(const request& r, body_kind kind);

/// Calls the handler, on a worker; errors become responses.
[[nodiscard]] reply serve(const found_route& found, const request& r, const request_target& target, const services& s,
                          std::uint16_t own_port) noexcept;

}  // namespace tunnel::inspector_http
