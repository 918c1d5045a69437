#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tunnel::inspector_http {

/// A response of the inspector, apart from how it is written. security_fields() come on top.
struct response {
    unsigned status = 200;
    std::string content_type;  ///< empty: there is no body
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;
    bool attachment = false;  ///< recorded bytes: the browser must not show them
    bool immutable = false;   ///< a file of the pages below its version: the browser may keep it
};

/// What is wrong with a request; becomes a response where the handler was called. `message` is a sentence that says
/// what to do.
class api_error : public std::runtime_error {
 public:
    api_error(unsigned status, std::string_view code, const std::string& message,
              std::optional<std::size_t> position = std::nullopt)
        : std::runtime_error(message), status_(status), code_(code), position_(position) {}

    [[nodiscard]] unsigned status() const noexcept { return status_; }
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] std::optional<std::size_t> position() const noexcept { return position_; }

 private:
    unsigned status_;
    std::string code_;
    std::optional<std::size_t> position_;
};

[[nodiscard]] api_error bad_request(const std::string& message);
[[nodiscard]] api_error not_found(const std::string& message);

[[nodiscard]] response json_response(const nlohmann::ordered_json& value, unsigned status = 200);
[[nodiscard]] response error_response(const api_error& error);
[[nodiscard]] response no_content();
/// Bytes that were recorded, to be saved under that name and never shown.
[[nodiscard]] response attachment(std::string bytes, std::string_view content_type, std::string_view file_name);

/// The fields that every response has, so that a browser neither shows, embeds, keeps nor interprets more than it must.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> security_fields(const response& r);

}  // namespace tunnel::inspector_http
