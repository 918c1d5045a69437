#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"

namespace tunnel::io {

/// Closes a socket that is connected with itself, and says connection_refused: where nothing listens, a kernel that
/// looks for a local port may find the very one that is dialled free, and TCP then has two equal ends that meet (RFC
/// 9293 section 3.5, simultaneous open). Left open, it would keep that port from a program that wants to listen on it.
[[nodiscard]] error_code refuse_itself(tcp::socket& socket) noexcept;

/// The endpoint that a dialler reached last: the next one tries it first. Any thread.
class last_good_endpoint {
 public:
    void note(const tcp::endpoint& endpoint);
    /// Moves it to the front, if it is among these.
    void put_first(std::vector<tcp::endpoint>& endpoints) const;

 private:
    mutable std::mutex mutex_;
    std::optional<tcp::endpoint> last_;
};

/// The order in which addresses of a name are tried: families take turns, beginning with that of the first (RFC 8305
/// section 4), and `limits::dialled_addresses` at most.
[[nodiscard]] std::vector<tcp::endpoint> interleave_families(const std::vector<tcp::endpoint>& found);

/// One outgoing connection in the making, which can be cancelled at any moment. Where there are several endpoints, they
/// race (RFC 8305, "Happy Eyeballs"): the next one is tried once one has failed or has not connected within
/// `limits::dial_stagger`, and the first that connects wins. Belongs to one strand; used once.
class dialler {
 public:
    /// `memory`: shared by all diallers of one destination; may be null.
    explicit dialler(const executor& strand, std::shared_ptr<last_good_endpoint> memory = nullptr);
    dialler(const dialler&) = delete;
    dialler& operator=(const dialler&) = delete;
    ~dialler();

    /// Looks the name up and tries its addresses, all within `limit`. Errors: timed_out, what the look-up says, or what
    /// the most telling endpoint says; operation_aborted after `cancel`.
    [[nodiscard]] awaitable<error_code> dial(address where, std::chrono::milliseconds limit);
    /// The same with several destinations in order of preference, as the two loopback addresses of a machine.
    [[nodiscard]] awaitable<error_code> dial(std::vector<address> where, std::chrono::milliseconds limit);
    /// The same for what was looked up, tried in this order.
    [[nodiscard]] awaitable<error_code> dial_each(std::vector<tcp::endpoint> endpoints, clock::time_point until);
    void cancel() noexcept;

    /// Once dial() had no error.
    [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }

    struct failure {
        tcp::endpoint endpoint;
        error_code error;
    };
    /// After an error: each endpoint that was tried, and what came of it.
    [[nodiscard]] const std::vector<failure>& failures() const noexcept { return failures_; }
    /// Whether nothing listens at any of them. A family to which this machine has no route does not count.
    [[nodiscard]] bool refused() const noexcept;
    /// The same as text: "127.0.0.1:3000 (connection refused), [::1]:3000 (connection refused)".
    [[nodiscard]] std::string tried() const;
    /// `where` and why it was not reached, for a message: "127.0.0.1:3000: connection refused"; with each endpoint
    /// where the name has others or several.
    [[nodiscard]] std::string failed_at(const address& where) const;

 private:
    struct attempt;

    [[nodiscard]] awaitable<error_code> race(std::vector<tcp::endpoint> endpoints, clock::time_point until);
    void begin(const tcp::endpoint& endpoint);
    void take_ended();
    void end_attempts() noexcept;
    [[nodiscard]] error_code most_telling() const noexcept;

    executor strand_;
    std::shared_ptr<last_good_endpoint> memory_;
    tcp::socket socket_;
    asio::steady_timer lookup_;  // expires with the limit of a look-up, which ends it early
    event changed_;              // an attempt ended, its time has passed, or all was cancelled
    deadline wake_;
    std::vector<std::shared_ptr<attempt>> running_;
    std::vector<failure> failures_;
    std::string unresolved_;  // names that were not found, and why, as text
    bool cancelled_ = false;
};

}  // namespace tunnel::io
