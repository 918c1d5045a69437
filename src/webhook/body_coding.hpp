#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::webhook {

/// What gzip (RFC 1952) or zlib (RFC 1950, the content coding "deflate") holds. Null: the bytes are neither, are not
/// whole, or hold more than `most`.
[[nodiscard]] std::optional<std::string> decompressed(std::string_view bytes, std::size_t most);

/// The bytes in gzip and zlib as programs usually write them with zlib: at its usual levels, without the time, with the
/// systems that are usual in the head. Others, such as Go, compress in a way of their own.
[[nodiscard]] std::vector<std::string> compressed(std::string_view bytes);

}  // namespace tunnel::webhook
