#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/client.hpp"
#include "io/runtime.hpp"
#include "server/server.hpp"
#include "support/http_socket.hpp"
#include "support/sample_app_server.hpp"
#include "support/sanitized.hpp"

namespace tunnel::test {

/// A value that the programs' threads count up and the test waits for.
class counter {
 public:
    void add();
    [[nodiscard]] unsigned value() const;
    /// False: it did not get there in time.
    [[nodiscard]] bool reaches(unsigned at_least, std::chrono::milliseconds limit = time_limit);

 private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    unsigned value_ = 0;
};

/// One tunnel-client of a test.
class client_handle {
 public:
    client_handle(io::runtime& rt, const client::options& settings, client::exchange_tap* tap = nullptr,
                  client::exchange_gate* detours = nullptr);

    /// Waits until the server said, for the n-th time, that this client is the active one.
    [[nodiscard]] bool connected(unsigned times = 1) { return connected_.reaches(times); }
    [[nodiscard]] unsigned times_connected() const { return connected_.value(); }
    [[nodiscard]] bool ended() { return ended_.reaches(1); }
    [[nodiscard]] bool has_ended() const { return ended_.value() > 0; }
    [[nodiscard]] int exit_code() const { return exit_code_; }
    /// As the first signal does; called again, as the second.
    void stop() {
        if (client_) client_->stop();
    }
    /// Gives up the memory of a client that has ended with nothing in flight.
    void release() { client_.reset(); }

 private:
    counter connected_;
    counter ended_;
    std::atomic<int> exit_code_ = -1;
    std::shared_ptr<client::client> client_;
};

/// Server, clients and local app in one process. TUNNEL_TEST_THREADS: threads of server and clients.
/// TUNNEL_TEST_COMPRESS: what passes between them is compressed, where a test says nothing else.
class TunnelTest : public testing::Test {
 protected:
    TunnelTest();
    ~TunnelTest() override;
    /// Ends everything that runs. A test whose members are used to the end, and use the event loop, calls it at its
    /// own.
    void finish();

    /// A server and a connected client in front of `app`.
    void start();
    void start_server();
    /// Stops it as a signal would, until everything is closed; its ports are used again by start_server.
    void stop_server();
    /// What is in flight does not hold it up.
    void kill_server();
    client_handle& add_client();
    /// Stops it as a signal would, and waits for it.
    void stop_client(client_handle& c);

    [[nodiscard]] std::uint16_t http_port() const { return server_options.http_addr.port; }
    [[nodiscard]] std::uint16_t tunnel_port() const { return server_options.tcp_addr.port; }
    [[nodiscard]] http_socket call(int receive_buffer = 0) const {
        return http_socket::connect(http_port(), receive_buffer);
    }
    /// One request on a connection of its own.
    [[nodiscard]] http_message ask(std::string_view request) const;
    [[nodiscard]] http_message get(const std::string& target) const;

    [[nodiscard]] io::runtime& runtime() { return *runtime_; }

    /// Makes an object that lives until the clients have ended: a tap, and what it uses.
    template <class Object, class... Arguments>
    [[nodiscard]] Object& outlive(Arguments&&... arguments) {
        auto made = std::make_shared<Object>(std::forward<Arguments>(arguments)...);
        outliving_.push_back(made);
        return *made;
    }

 private:
    std::vector<std::shared_ptr<void>> outliving_;  // first, so that it is destroyed last

 protected:
    sample_app_server app;
    server::options server_options;
    client::options client_options;
    client::exchange_tap* tap = nullptr;       ///< sees every exchange of the clients
    client::exchange_gate* detours = nullptr;  ///< decides which of them take one

 private:
    void end_server(int signals);

    std::optional<io::runtime> runtime_;
    std::optional<io::asio::executor_work_guard<io::asio::io_context::executor_type>> work_;
    std::thread thread_;
    counter thread_ended_;
    std::shared_ptr<server::server> server_;
    std::shared_ptr<counter> server_ended_;
    // Their options are read by what is still closing, so they stay until nothing runs.
    std::list<std::shared_ptr<server::server>> old_servers_;
    std::list<client_handle> clients_;
};

/// What the app gets of a request that came as `head`: the fields that the tunnel adds are behind those of the caller.
[[nodiscard]] std::string forwarded(std::string_view start_line, std::string_view fields, std::string_view host = "a",
                                    std::string_view framing = "");

/// The head without its Date line.
[[nodiscard]] std::string without_date(std::string head);

/// Resident memory of this process: now, and the most since forget_peak.
[[nodiscard]] std::size_t resident_kib();
[[nodiscard]] std::size_t peak_kib();
void forget_peak();
[[nodiscard]] std::size_t open_files();

// Sanitizers are slow, shadow all memory, and keep what was freed: AddressSanitizer 256 MiB of it.
inline constexpr std::size_t memory_slack_kib = sanitized ? 512 * 1024 : 0;
inline constexpr int time_factor = sanitized ? 10 : 1;

}  // namespace tunnel::test
