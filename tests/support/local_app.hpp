#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/raw_peer.hpp"

namespace tunnel::test {

/// The local app as a test scripts it: takes connections on a port of its own, everything on them is raw bytes.
class local_app {
 public:
    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    [[nodiscard]] raw_peer accept() { return listener_.accept(); }
    [[nodiscard]] raw_listener& listener() noexcept { return listener_; }

 private:
    raw_listener listener_;
};

/// A request head, its blank line included.
[[nodiscard]] inline std::string read_head(raw_peer& connection) { return connection.read_until("\r\n\r\n"); }

/// A whole answer with Content-Length.
[[nodiscard]] inline std::string answer(std::string_view body, std::string_view fields = {}) {
    return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

}  // namespace tunnel::test
