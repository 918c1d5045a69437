#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "base/address.hpp"
#include "io/asio.hpp"
#include "io/connected_socket.hpp"
#include "io/runtime.hpp"

namespace tunnel::io {

/// A listening socket that hands each connection to a callback, on a strand of the connection's own. When
/// accepting fails, as where descriptors run out, it pauses and tries again. Belongs to the strand it was made with.
class accept_loop {
 public:
    using callback = std::function<void(connected_socket)>;

    accept_loop(runtime& rt, const executor& strand, callback accepted);

    /// Binds and listens. Throws std::runtime_error with a sentence for the user; where another program has the port,
    /// it names that and `setting`, the flag of the address, unless that is empty.
    void listen(const address& where, std::string_view setting = {});
    /// Takes a socket that listens already, as from the service manager. Throws likewise.
    void adopt(int descriptor);
    /// Real address and port.
    [[nodiscard]] address local() const;

    /// Accepts until stop(), whatever fails; then calls `stopped`. Keeps `owner` alive until then.
    void start(std::string_view name, const std::shared_ptr<void>& owner, std::function<void()> stopped);
    /// Whether the callback may still be called.
    [[nodiscard]] bool running() const noexcept { return running_; }
    /// Accepts the connections that the kernel has completed already, and no others. The callback may be called for one
    /// of them after this returns.
    void stop() noexcept;

 private:
    [[nodiscard]] awaitable<void> run();
    void hand_over(connected_socket socket) noexcept;
    void take_waiting() noexcept;

    runtime& runtime_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    callback accepted_;
    bool running_ = false;
    bool stopped_ = false;
};

}  // namespace tunnel::io
