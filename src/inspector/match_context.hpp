#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// A record with its bodies decoded and parsed once, however many terms look at them.
class match_context {
 public:
    explicit match_context(const record& r) : record_(r) {}

    [[nodiscard]] const record& r() const noexcept { return record_; }
    [[nodiscard]] std::string_view request_body() {
        return text_of(request_, record_.request.body, record_.request.fields);
    }
    [[nodiscard]] std::string_view response_body() {
        return text_of(response_, record_.response.body, record_.response.fields);
    }
    /// Null where the body is not JSON.
    [[nodiscard]] const nlohmann::json* request_json() { return json_of(request_, request_body()); }
    [[nodiscard]] const nlohmann::json* response_json() { return json_of(response_, response_body()); }

 private:
    struct body {
        std::optional<std::string> decoded;  // where a coding was taken off
        std::optional<std::string_view> text;
        std::optional<std::optional<nlohmann::json>> parsed;
    };
    static std::string_view text_of(body& b, const body_copy& copy, const field_lines& fields);
    static const nlohmann::json* json_of(body& b, std::string_view text);

    const record& record_;
    body request_;
    body response_;
};

}  // namespace tunnel::inspector
