#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tunnel::test {

/// A program that runs beside the test, with pipes for stdout and stderr. Killed with the object if it still runs.
class child {
 public:
    /// `arguments[0]` is the program's path. `environment` lines ("NAME=value") come on top of PATH and what the
    /// sanitizers need; TUNNEL_* of the test's own environment are not handed down.
    explicit child(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
    ~child();
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    /// Next line of stdout without its end; "" after `limit` or at the end of the stream.
    [[nodiscard]] std::string line(std::chrono::milliseconds limit = std::chrono::seconds(20));
    /// Until stderr holds `text`; everything that came up to then, or "" after `limit`.
    [[nodiscard]] std::string logged(const std::string& text,
                                     std::chrono::milliseconds limit = std::chrono::seconds(20));

    void signal(int number) const;
    /// Closes our ends of the pipes: the program's stdout and stderr are broken from now on.
    void close_pipes();
    [[nodiscard]] bool running();
    /// Waits for the end. The exit code, 128 + n after signal n, -1 if it still runs after `limit`.
    [[nodiscard]] int exit_code(std::chrono::milliseconds limit = std::chrono::seconds(40));

    /// What came so far. Whole once exit_code() returned.
    [[nodiscard]] const std::string& out() const noexcept { return out_; }
    [[nodiscard]] const std::string& err() const noexcept { return err_; }

 private:
    /// Reads what is there, waiting at most `limit` for something. False: both pipes are at their end.
    bool pump(std::chrono::milliseconds limit);

    pid_t pid_ = -1;
    int out_fd_ = -1;
    int err_fd_ = -1;
    int status_ = 0;
    bool ended_ = false;
    std::string out_;
    std::size_t line_start_ = 0;
    std::string err_;
};

}  // namespace tunnel::test
