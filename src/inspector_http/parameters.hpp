#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/query.hpp"
#include "inspector/record.hpp"
#include "inspector_http/request.hpp"

/// Parameters of a URL by their types; each throws api_error that names the parameter and what it may be.
namespace tunnel::inspector_http {

struct integer_range {
    std::uint64_t least;
    std::uint64_t most;
};

class parameters {
 public:
    explicit parameters(const request_target& target) noexcept : target_(target) {}

    [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
    [[nodiscard]] std::uint64_t integer(std::string_view name, integer_range range, std::uint64_t otherwise) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    /// 0 where it is missing.
    [[nodiscard]] inspector::record_id id(std::string_view name) const;
    /// `q`; 400 bad_filter with the position where it is not a filter.
    [[nodiscard]] inspector::query filter() const;
    [[nodiscard]] std::string_view filter_text() const noexcept;

 private:
    const request_target& target_;
};

[[nodiscard]] inspector::query parse_filter(std::string_view text);

/// Characters of UTF-8 before that byte; a byte that belongs to none counts as one.
[[nodiscard]] std::size_t code_points_before(std::string_view text, std::size_t byte) noexcept;

}  // namespace tunnel::inspector_http
