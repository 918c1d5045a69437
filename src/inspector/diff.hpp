#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/record.hpp"

namespace tunnel::inspector {

enum class change_type : std::uint8_t { same, added, removed, changed };

/// One header field; of a change both values.
struct field_change {
    change_type type = change_type::same;
    std::string name;
    std::string before;
    std::string after;
    bool expected = false;  ///< differs between any two exchanges (Date, Age, X-Request-Id and the like)
};

/// One value of a JSON body, by JSON pointer (RFC 6901); values as JSON text with exact numbers.
struct json_change {
    change_type type = change_type::same;
    std::string pointer;
    std::string before;
    std::string after;
};

/// One line of a text body; `same` lines give context, three around each change. Lines count from 1; 0: not there.
struct line_change {
    change_type type = change_type::same;
    std::size_t before_line = 0;
    std::size_t after_line = 0;
    std::string text;
};

enum class body_comparison : std::uint8_t {
    same,
    json,
    lines,
    bytes,
    unknown  ///< of one length and the same as far as both were kept; the rest of one was not hashed
};

struct body_diff {
    body_comparison compared_as = body_comparison::same;
    bool truncated = false;  ///< a body was cut: lengths and SHA-256 were compared, and the bytes that are kept
    std::vector<json_change> json;
    std::vector<line_change> lines;
    std::uint64_t before_length = 0;
    std::uint64_t after_length = 0;
    std::uint64_t first_difference = 0;  ///< offset of the first byte that differs
};

struct side_diff {
    std::vector<field_change> fields;  ///< without those that are the same
    body_diff body;
};

struct record_diff {
    int status_before = 0;
    int status_after = 0;
    std::string start_line_before;  ///< of the requests; both empty where they are the same
    std::string start_line_after;
    side_diff request;
    side_diff response;

    /// Status and response body are equal.
    [[nodiscard]] bool same_response() const noexcept;
};

[[nodiscard]] record_diff compare(const record& before, const record& after);
/// Bodies of messages with these fields: content codings are taken off before they are compared as text.
[[nodiscard]] body_diff compare_bodies(const body_copy& before, const field_lines& before_fields,
                                       const body_copy& after, const field_lines& after_fields);
/// As a terminal shows it: a line each, with `-`, `+` and `~` in front.
[[nodiscard]] std::string to_text(const record_diff& diff);

}  // namespace tunnel::inspector
