#pragma once

#include <span>
#include <string>
#include <string_view>

/// The inspector's pages, embedded in the program when it is built (cmake/embed.cmake, src/inspector/pages).
namespace tunnel::inspector {

/// The Content-Security-Policy that the pages keep to: no inline script or style, nothing of another origin, and images
/// from captured bodies as data URLs alone.
inline constexpr std::string_view page_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One file of the pages. All views refer to constants.
struct page_file {
    std::string_view path;  ///< of a request target, such as "/main.js"
    std::string_view content_type;
    std::string_view bytes;
    std::string_view etag;  ///< strong, with its quotation marks
};

/// All of them, sorted by path.
[[nodiscard]] std::span<const page_file> page_files() noexcept;

/// First segment of the files' URLs: "/v-" and a hash of all files, without a trailing slash. A file never changes
/// under one URL, so that browsers may cache it without asking again.
[[nodiscard]] const std::string& page_prefix();

/// index.html with every path of a file below page_prefix(). Modules name one another relative to themselves.
[[nodiscard]] const std::string& versioned_index();

/// The file at a path without query, compared byte for byte; "/" is "/index.html". Null where there is none.
[[nodiscard]] const page_file* find_page_file(std::string_view path) noexcept;

}  // namespace tunnel::inspector
