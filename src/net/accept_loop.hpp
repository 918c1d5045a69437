#pragma once

#include <functional>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include "net/asio.hpp"
#include "net/command_line.hpp"
#include "net/runtime.hpp"

namespace tunnel::net {

/// A listening socket that hands each connection to a callback, on a strand of the connection's own. Out of
/// descriptors, it pauses and goes on by itself. Belongs to the strand it was made with.
class accept_loop {
 public:
    using callback = std::function<void(tcp::socket)>;

    accept_loop(runtime& rt, const executor& strand, callback accepted);

    /// Binds and listens. Throws std::runtime_error with a sentence for the user.
    void listen(const address& where);
    /// Real address and port.
    [[nodiscard]] address local() const;

    [[nodiscard]] awaitable<void> run();
    /// Takes who is connected already, and nobody else.
    void stop() noexcept;

 private:
    void take_waiting() noexcept;

    runtime& runtime_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    callback accepted_;
    bool stopped_ = false;
};

}  // namespace tunnel::net
