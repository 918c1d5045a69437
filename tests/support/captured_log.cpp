#include "support/captured_log.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/log.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

struct captured_log::state : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
        const auto level = spdlog::level::to_string_view(message.level);
        lines.push_back(std::string(level.data(), level.size()) + " " +
                        std::string(message.payload.data(), message.payload.size()));
    }
    void flush_() override {}
    std::vector<std::string> copy() {
        const std::lock_guard lock(mutex_);
        return lines;
    }
    std::vector<std::string> lines;
};

captured_log::captured_log() : state_(std::make_shared<state>()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", state_));
    spdlog::set_level(spdlog::level::debug);
    (void)request_log();
}

captured_log::~captured_log() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

std::vector<std::string> request_log() {
    // They bypass spdlog, and go to stderr when they are flushed.
    const auto file = ::memfd_create("log", MFD_CLOEXEC);
    const auto before = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    flush_log();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::lseek(file, 0, SEEK_SET);
    std::string text;
    std::array<char, 4096> bytes{};
    while (const auto n = ::read(file, bytes.data(), bytes.size())) {
        if (n < 0) break;
        text.append(bytes.data(), static_cast<std::size_t>(n));
    }
    ::close(file);
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> captured_log::lines() const { return state_->copy(); }

std::vector<std::string> captured_log::lines_with(const std::string& text) const {
    auto found = lines();
    std::erase_if(found, [&](const std::string& line) { return line.find(text) == std::string::npos; });
    return found;
}

void captured_log::expect_lines_with(const std::string& text, std::size_t count) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (lines_with(text).size() < count) {
        ASSERT_LT(std::chrono::steady_clock::now(), until) << "not logged in time: " << text;
        std::this_thread::yield();
    }
}

}  // namespace tunnel::test
