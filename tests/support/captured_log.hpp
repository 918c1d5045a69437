#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tunnel::test {

/// The log of the program under test, for the life of one object; nothing of it reaches the terminal.
class captured_log {
 public:
    captured_log();
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;
    ~captured_log();

    /// "level message", in order.
    [[nodiscard]] std::vector<std::string> lines() const;
    /// Lines that contain `text`.
    [[nodiscard]] std::vector<std::string> lines_with(const std::string& text) const;
    /// Waits until there are `count` of them.
    void expect_lines_with(const std::string& text, std::size_t count) const;

 private:
    struct state;
    std::shared_ptr<state> state_;
};

/// The lines of log_request since the last call, or since a captured_log was made.
[[nodiscard]] std::vector<std::string> request_log();

}  // namespace tunnel::test
