#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.hpp"
#include "client/options.hpp"
#include "mux/link.hpp"
#include "support/captured_log.hpp"
#include "support/frame_peer.hpp"
#include "support/local_app.hpp"
#include "support/program_thread.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

/// A client::client on a thread of its own, between a scripted server and a scripted local app. At the end it is
/// stopped, and must have run dry.
class client_fixture : public testing::Test {
 protected:
    ~client_fixture() override;

    /// Starts the client; before it, `settings` and `times` may be changed. It connects to `listener`.
    void start();
    void stop() { client_->stop(); }
    /// Told to stop once, or ended by itself. Returns the exit code.
    int expect_drained();

    /// The client's next connection, hello not yet read.
    [[nodiscard]] frame_peer accept() { return frame_peer(listener.accept()); }
    /// The client's next connection, made active.
    [[nodiscard]] frame_peer accept_active();
    /// start() and accept_active() in one.
    [[nodiscard]] frame_peer started();

    /// A new connection to the app, from which a GET of the public connection `number` was read.
    [[nodiscard]] raw_peer asked(frame_peer& server, protocol::stream_id id, std::uint64_t number = 1);
    /// A connection to the app that has served its first request and is idle.
    [[nodiscard]] raw_peer served_once(frame_peer& server, protocol::stream_id id = 1, std::uint64_t number = 1);

    /// One more request is over than before, which went over `local`: the client keeps that connection open.
    void expect_kept(raw_peer& local);
    /// The next message is the whole 200 response of that stream.
    static void expect_response(frame_peer& server, protocol::stream_id id, std::string_view body);
    [[nodiscard]] static http::request_head with_length(std::string_view method, std::string_view target,
                                                        std::uint64_t length, const lines& fields = {{"Host", "a"}});

    /// The log's lines of the requests that are over.
    [[nodiscard]] const std::vector<std::string>& request_lines();

    /// Lines for stdout so far; waits until there are `n`.
    [[nodiscard]] std::vector<std::string> said(std::size_t n);

    raw_listener listener;
    local_app app;
    client::options settings;
    mux::link_times times;
    captured_log log;

 private:
    std::unique_ptr<program_thread> program_;
    std::shared_ptr<client::client> client_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> said_;
    std::vector<std::string> request_lines_;
    std::optional<int> exit_code_;
};

}  // namespace tunnel::test
