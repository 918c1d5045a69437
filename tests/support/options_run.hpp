#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tunnel::test {

/// Environment variables for the life of one object.
class environment {
 public:
    environment(std::initializer_list<std::pair<std::string, std::string>> variables) : variables_(variables) {
        for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
    }
    ~environment() {
        for (const auto& [name, value] : variables_) unsetenv(name.c_str());
    }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

 private:
    std::vector<std::pair<std::string, std::string>> variables_;
};

/// Hides a variable of the tests themselves, which is not a setting of the programs, for the life of one object.
class hidden_variable {
 public:
    explicit hidden_variable(const char* name) : name_(name) {
        if (const char* value = std::getenv(name)) value_ = value;
        unsetenv(name);
    }
    ~hidden_variable() {
        if (value_) setenv(name_, value_->c_str(), 1);
    }
    hidden_variable(const hidden_variable&) = delete;
    hidden_variable& operator=(const hidden_variable&) = delete;

 private:
    const char* name_;
    std::optional<std::string> value_;
};

/// What a program's parse_options made of arguments, and what it printed.
template <class Parsed>
struct options_run {
    Parsed parsed;
    std::string out;
    std::string err;
};

/// `parse` takes argc and argv, as the parse_options of server and client do.
template <class Parse>
auto run_options(Parse parse, const std::vector<std::string>& arguments) {
    const hidden_variable threads("TUNNEL_TEST_THREADS");
    const hidden_variable slowness("TUNNEL_TEST_SLOWNESS");
    std::vector<const char*> argv{"program"};
    for (const auto& a : arguments) argv.push_back(a.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto parsed = parse(static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    return options_run<decltype(parsed)>{std::move(parsed), testing::internal::GetCapturedStdout(),
                                         testing::internal::GetCapturedStderr()};
}

}  // namespace tunnel::test
