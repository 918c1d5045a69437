#pragma once

#include <cstddef>

/// Bounds of what responds in the app's place.
namespace tunnel::stub::limits {

inline constexpr std::size_t kib = 1024;

/// The file of the rules: some hundred lines.
inline constexpr std::size_t rules_file = 256 * kib;

/// Rules of a file: a request is compared with each until one responds.
inline constexpr std::size_t rules = 64;

/// A file that is the body of a response, and all of them: they are held in memory. An app that serves more than that
/// while it is not there is better a file server.
inline constexpr std::size_t body_file = 1024 * kib;
inline constexpr std::size_t body_files = 8 * body_file;

/// Fields of a response, and bytes of a field's value once its placeholders are filled in. Many clients refuse a head
/// above 8 KiB.
inline constexpr std::size_t fields = 64;
inline constexpr std::size_t field_value = 4 * kib;

/// Placeholders of one text. Each stands for a part of the request at most, of which 32 KiB of body and a head are
/// kept, so that a response is bounded too.
inline constexpr std::size_t placeholders = 64;

/// Nesting of a JSON body in the file: it is filled in by recursion.
inline constexpr std::size_t json_depth = 64;

/// Nesting of the whole file: values are copied by recursion, some hundred bytes of stack a level.
inline constexpr int file_depth = 256;

}  // namespace tunnel::stub::limits
