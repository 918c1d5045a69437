#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhook/delivery.hpp"
#include "webhook/scheme.hpp"

namespace tunnel::webhook {

using form_values = std::vector<std::pair<std::string, std::string>>;

/// Names and values of application/x-www-form-urlencoded, decoded, in order.
[[nodiscard]] form_values parse_form(std::string_view body);

/// What `{form}` stands for: sorted by name, then by value, each pair once.
[[nodiscard]] std::string sorted_form(std::string_view body);

/// Whether the body is a form by its Content-Type.
[[nodiscard]] bool has_form(const delivery& d) noexcept;

/// Finds the values that the places of a scheme name. The body is parsed once, when a place asks for it.
class request_values {
 public:
    explicit request_values(const delivery& d) noexcept : delivery_(d) {}

    /// The first value of `places`; empty: there is none. `row` and `signature` are for `item:` places.
    [[nodiscard]] std::string find(std::string_view places, const scheme* row = nullptr,
                                   std::string_view signature = {}) const;
    /// The same for what is shown: its first bytes, without control characters.
    [[nodiscard]] std::string find_shown(std::string_view places) const;
    /// Whether the fields that the row needs are there.
    [[nodiscard]] bool has_all(const std::vector<std::string>& conditions) const;

    [[nodiscard]] const delivery& request() const noexcept { return delivery_; }

 private:
    enum class body_state : unsigned char { unread, json, form, neither };

    [[nodiscard]] std::string find_in_body(std::string_view pointer) const;

    const delivery& delivery_;
    mutable body_state state_ = body_state::unread;
    mutable nlohmann::json json_;
    mutable form_values form_;
};

/// Calls `visit` with each part of `text` between the first character of `separators`; with all of it where that is
/// empty.
template <class Visit>
void for_each_part(std::string_view text, std::string_view separators, Visit visit) {
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = separators.empty() ? std::string_view::npos : text.find(separators.front(), at);
        const auto stop = end == std::string_view::npos ? text.size() : end;
        visit(text.substr(at, stop - at));
        at = stop + 1;
    }
}

}  // namespace tunnel::webhook
