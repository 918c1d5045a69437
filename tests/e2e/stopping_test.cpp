// One program is stopped while something is open that does not end by itself.

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "e2e/tunnel_fixture.hpp"
#include "support/websocket_frames.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;
using std::chrono::steady_clock;

enum class program : std::uint8_t { server, client };

constexpr std::string_view get_websocket =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A frame of a terabyte begins: no Close frame can follow in time.
const std::string endless_frame{"\x82\x7F\0\0\x01\0\0\0\0\0", 10};

/// The drain would wait far longer than the test.
class Stopping : public TunnelTest, public testing::WithParamInterface<program> {
 protected:
    Stopping() {
        server_options.drain_timeout = std::chrono::hours(1);
        client_options.drain_timeout = std::chrono::hours(1);
    }

    void SetUp() override {
        start_server();
        client_ = &add_client();
        ASSERT_TRUE(client_->connected());
    }

    void stop_program() {
        if (GetParam() == program::server) return stop_server();
        stop_client(*client_);
    }

    /// Sends on until the other end closes, and counts.
    void send_without_end(http_socket& socket) {
        const std::string piece(65'536, 'x');
        try {
            for (;;) {
                socket.send(piece);
                moved_ += piece.size();
            }
        } catch (const std::exception&) {
            ended_.add();
        }
    }

    /// Until nothing has moved for a while. On a slow machine it may return too early, which hides a fault and makes
    /// none.
    void wait_until_full() const {
        const auto limit = steady_clock::now() + time_limit;
        constexpr auto quiet = std::chrono::milliseconds(200);
        auto since = steady_clock::now();
        std::size_t before = 0;
        while (steady_clock::now() < limit && (before == 0 || steady_clock::now() - since < quiet)) {
            const auto now = moved_.load();
            if (now != before) since = steady_clock::now();
            before = now;
            std::this_thread::yield();
        }
    }

    counter ended_;

 private:
    client_handle* client_ = nullptr;
    std::atomic<std::size_t> moved_ = 0;
};

std::string name_of(const testing::TestParamInfo<program>& info) {
    return info.param == program::server ? "Server" : "Client";
}

INSTANTIATE_TEST_SUITE_P(Programs, Stopping, testing::Values(program::server, program::client), name_of);

TEST_P(Stopping, AWebSocketIsClosedAtBothEnds) {
    std::string at_app;
    auto& seen = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(std::string(switching) + "\x81\x05hello");
        at_app = c.socket.read_exactly(8);
        c.reply(close_frame);
        c.keep_open = false;
        seen.open();
    });
    auto caller = call();
    caller.send(get_websocket);
    EXPECT_EQ(caller.read_head().substr(0, 12), "HTTP/1.1 101");
    EXPECT_EQ(caller.read_exactly(7), "\x81\x05hello");
    std::string at_caller;
    std::jthread closing([&] {
        at_caller = caller.read_to_end();
        caller.close();
    });
    stop_program();
    closing.join();
    seen.pass();
    EXPECT_EQ(at_caller, close_frame);
    EXPECT_EQ(unmasked_close(at_app), close_frame);
}

TEST_P(Stopping, AnAppThatReadsNothingOfAWebSocketIsNotWaitedFor) {
    auto& over = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        over.pass();
        c.keep_open = false;
    });
    auto caller = call();
    caller.send(get_websocket);
    EXPECT_EQ(caller.read_head().substr(0, 12), "HTTP/1.1 101");
    caller.send(endless_frame);
    std::jthread sending([&] { send_without_end(caller); });
    wait_until_full();
    stop_program();
    over.open();
    EXPECT_TRUE(ended_.reaches(1));
}

TEST_P(Stopping, ACallerThatReadsNothingOfAWebSocketIsNotWaitedFor) {
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        c.reply(endless_frame);
        send_without_end(c.socket);
        c.keep_open = false;
    });
    auto caller = call(4096);
    caller.send(get_websocket);
    wait_until_full();
    stop_program();
    EXPECT_TRUE(ended_.reaches(1));
}

TEST_P(Stopping, ACallerThatReadsNothingOfAnEventStreamIsNotWaitedFor) {
    app.on("/events", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        send_without_end(c.socket);
        c.keep_open = false;
    });
    auto caller = call(4096);
    caller.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until_full();
    stop_program();
    EXPECT_TRUE(ended_.reaches(1));
}

}  // namespace

}  // namespace tunnel::test
