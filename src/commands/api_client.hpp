#pragma once

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace tunnel::commands {

/// A command that cannot go on: what the user reads, and the exit code.
struct command_error : std::runtime_error {
    command_error(int exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
    int code;
};
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_client = 3;

/// Text for the query of a URL.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Calls of the inspector's API, each on a connection of its own; blocking. An error response becomes a command_error
/// with its sentence; a filter that is refused is shown with the place.
class api_client {
 public:
    api_client(address where, std::string token) : where_(std::move(where)), token_(std::move(token)) {}

    [[nodiscard]] nlohmann::ordered_json get(const std::string& target) const { return call("GET", target, {}); }
    [[nodiscard]] nlohmann::ordered_json call(std::string_view method, const std::string& target, std::string_view body,
                                              std::string_view type = "application/json") const;
    /// The body of the response as bytes.
    [[nodiscard]] std::string bytes(const std::string& target) const;
    /// The same into a file, however long it is.
    void download(const std::string& target, std::FILE* to) const;
    /// Server-sent events, until `take` returns false or the stream ends.
    void events(const std::string& target,
                const std::function<bool(std::string_view name, const nlohmann::ordered_json& data)>& take) const;
    /// Whether the inspector is there and takes the token.
    [[nodiscard]] bool responds() const;

 private:
    using taker = std::function<bool(unsigned status, std::string_view bytes)>;
    /// Status of the response; its body goes to `take` as it comes until that returns false.
    unsigned exchange(std::string_view method, const std::string& target, std::string_view body, std::string_view type,
                      const taker& take) const;

    address where_;
    std::string token_;
};

}  // namespace tunnel::commands
