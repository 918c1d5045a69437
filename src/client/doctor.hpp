#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "client/app_probe.hpp"
#include "client/options.hpp"
#include "client/server_probe.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/dialler.hpp"

namespace tunnel::client {

/// What was found out about one thing.
struct finding {
    enum class verdict : std::uint8_t {
        good,
        note,   ///< works, and could be better
        wrong,  ///< does not work: the text says what to do
    };
    verdict is = verdict::good;
    std::string_view about;
    std::string text;  ///< may hold what a peer said: escape it
};

/// Looks for what keeps a tunnel from working, from this machine and without disturbing a client that is active: name
/// look-up, connection, handshake, round trip, clocks, the app. Belongs to one strand.
class doctor {
 public:
    /// `show` gets each finding as it is made. `settings` outlive this.
    doctor(io::executor strand, const options& settings, std::function<void(const finding&)> show);

    [[nodiscard]] io::awaitable<void> examine();
    /// Whether nothing is wrong.
    [[nodiscard]] bool healthy() const noexcept { return healthy_; }

 private:
    void say(finding::verdict is, std::string_view about, std::string text);
    /// From here on, what is awaited may take long: `text` says what it is. Ends where the next begins.
    void begin_wait(std::string_view about, std::string text);
    [[nodiscard]] io::awaitable<void> examine_server();
    /// Whether `dialler` has a connection to that address now; what is wrong was said.
    [[nodiscard]] io::awaitable<bool> connect(io::dialler& dialler, address where);
    void judge_handshake(const server_reply& reply);
    void judge_farewell(const protocol::goaway& goaway);
    void judge_path(const server_reply& reply);
    void judge_clock(std::chrono::milliseconds ahead);
    [[nodiscard]] io::awaitable<void> examine_app();
    void judge_refused(const app_reply& reply, const std::string& other);
    void judge_silence(const app_reply& reply);
    void judge_http(const app_reply& reply, unsigned with_own_host);
    /// Whether the app listens on the loopback address of the other family; its address, or nothing.
    [[nodiscard]] io::awaitable<std::string> other_loopback();

    io::executor strand_;
    const options& settings_;
    std::function<void(const finding&)> show_;
    std::string public_url_;
    std::string_view slow_about_;
    std::string slow_text_;
    io::deadline slow_;
    bool healthy_ = true;
};

}  // namespace tunnel::client
