#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/address.hpp"
#include "io/accept_loop.hpp"
#include "io/asio.hpp"
#include "io/runtime.hpp"

namespace tunnel::app {

/// For monitoring: GET /metrics, /healthz (alive) and /readyz (503 with the reason until it serves).
/// Plain HTTP/1.1 on a port of its own; belongs to its strand.
class admin_listener : public std::enable_shared_from_this<admin_listener> {
 public:
    /// `not_ready`: why the program does not serve; empty where it does. (any thread)
    admin_listener(io::runtime& rt, std::string program, std::function<std::string()> not_ready);

    /// Counting begins. Throws std::runtime_error with a sentence for the user.
    void start(const address& where);
    [[nodiscard]] address local() const { return accepting_.local(); }
    /// (any thread)
    void stop();

 private:
    class session;

    void accepted(io::connected_socket socket);

    io::executor strand_;
    std::string program_;
    std::function<std::string()> not_ready_;
    io::accept_loop accepting_;
    std::list<std::shared_ptr<session>> open_;
};

}  // namespace tunnel::app
