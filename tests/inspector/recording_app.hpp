#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// An HTTP server on loopback that keeps the bytes of one request and responds.
class recording_app {
 public:
    recording_app();
    ~recording_app();
    recording_app(const recording_app&) = delete;
    recording_app& operator=(const recording_app&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Waits for the request; empty where none came in time.
    [[nodiscard]] std::string head();
    /// Without chunks. After head().
    [[nodiscard]] const std::string& body() const noexcept { return body_; }

 private:
    void serve();

    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::string head_;
    std::string body_;
    std::thread thread_;
};

struct command_result {
    int status = -1;
    std::string output;
};
/// Runs a script with bash.
[[nodiscard]] command_result run_bash(const std::string& script);

}  // namespace tunnel::inspector
