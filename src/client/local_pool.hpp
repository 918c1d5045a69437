#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "client/local_connection.hpp"
#include "client/options.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"

namespace tunnel::client {

/// Idle keep-alive connections to the local app. Belongs to the client's strand; each connection keeps its own, and
/// is used there by one exchange at a time.
class local_pool : public std::enable_shared_from_this<local_pool> {
 public:
    local_pool(const io::executor& strand, std::size_t most);

    /// One that was idle. It is watched, which keeps it alive: whoever drops it with this closes it.
    struct taken {
        taken() noexcept = default;
        taken(std::shared_ptr<local_connection> c, io::clock::time_point since) noexcept
            : connection(std::move(c)), idle_since(since) {}
        taken(taken&&) noexcept = default;
        taken& operator=(taken&& other) noexcept {
            std::swap(connection, other.connection);
            std::swap(idle_since, other.idle_since);
            return *this;
        }
        ~taken();

        std::shared_ptr<local_connection> connection;  ///< null: none is idle
        io::clock::time_point idle_since;
    };
    /// The one that went idle last: the least likely to be closed by the app. A request that is not `repeatable` must
    /// not meet an app that is just closing: for it the connection has outlived a moment of idleness, and none is given
    /// while the app is known to close idle ones early.
    [[nodiscard]] taken take(bool repeatable);
    /// (the connection's strand) Back into the pool, unless the app closes it or it is one too many.
    void put(std::shared_ptr<local_connection> connection);
    void close();

 private:
    void settle(io::clock::time_point now);
    [[nodiscard]] std::size_t idle() const noexcept { return settled_.size() + fresh_.size(); }
    [[nodiscard]] std::deque<taken>& oldest() noexcept { return settled_.empty() ? fresh_ : settled_; }
    void forget(const local_connection* connection);
    void close_old();

    io::executor strand_;
    std::size_t most_;
    /// Oldest first. What is in `settled_` has been idle for long enough for any request, and longer than all of
    /// `fresh_`.
    std::deque<taken> settled_;
    std::deque<taken> fresh_;                 // oldest first
    io::clock::time_point distrusted_until_;  // the app closed one that had just gone idle
    io::deadline expiry_;
    bool closed_ = false;
};

}  // namespace tunnel::client
