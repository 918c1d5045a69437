#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/child.hpp"

namespace tunnel {

inline const std::string server_program = SERVER_PROGRAM;
inline const std::string client_program = CLIENT_PROGRAM;

inline std::string value_of(const std::string& line, const std::string& key) {
    const auto at = line.find(" " + key + "=");
    if (at == std::string::npos) return "";
    const auto start = at + key.size() + 2;
    return line.substr(start, line.find(' ', start) - start);
}

inline std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoul("0" + address.substr(address.rfind(':') + 1)));
}

/// A server on free ports that is ready.
class running_server {
 public:
    explicit running_server(const std::vector<std::string>& more = {}, const std::string& program = server_program)
        : process(arguments(program, more)), ready(process.line()) {
        EXPECT_THAT(ready, testing::MatchesRegex("ready http=127\\.0\\.0\\.1:[0-9]+ tcp=127\\.0\\.0\\.1:[0-9]+"))
            << process.err();
    }
    [[nodiscard]] std::uint16_t http_port() const { return port_of(value_of(ready, "http")); }
    [[nodiscard]] std::string tcp() const { return value_of(ready, "tcp"); }

 private:
    static std::vector<std::string> arguments(const std::string& program, const std::vector<std::string>& more) {
        std::vector<std::string> all{program, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

 public:
    test::child process;
    std::string ready;
};

}  // namespace tunnel
