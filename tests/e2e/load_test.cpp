// Many at a time, some of them slow or gone, and nothing that grows.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;
using std::chrono::steady_clock;

constexpr std::size_t mib = 1024 * 1024;

class Load : public TunnelTest {};

TEST_F(Load, OneSlowRequestOf200HoldsUpNoOther) {
    auto& finish = app.new_gate();
    app.on("/slow", [&](call_type& c) {
        finish.pass();
        c.reply(ok_answer("slow"));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto slow = call();
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    std::vector<http_socket> others;
    for (int i = 1; i < 200; ++i) {
        const auto text = std::to_string(i);
        others.push_back(call());
        others.back().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
                           text);
    }
    for (int i = 1; i < 200; ++i) {
        EXPECT_EQ(others[static_cast<std::size_t>(i) - 1].read_message().body, std::to_string(i));
    }
    finish.open();
    EXPECT_EQ(slow.read_message().body, "slow");
}

TEST_F(Load, AStalledReaderHoldsUpNoOtherAndFillsNoMemory) {
    auto& left = app.new_gate();
    app.on("/stalled", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        try {
            c.socket.send_pattern(1024 * mib);
        } catch (const peer_left&) {
            left.open();
        }
        c.keep_open = false;
    });
    app.on("/download", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start());
    forget_peak();
    const auto before = resident_kib();
    std::vector<http_socket> stalled;
    for (int i = 0; i < 20; ++i) {
        stalled.push_back(call(4096));
        stalled.back().send("GET /stalled HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(stalled.back().read_head().substr(0, 15), "HTTP/1.1 200 OK");
    }
    auto fast = call();
    for (int i = 0; i < 4; ++i) {
        fast.send("GET /download?33554432 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(fast.read_head().substr(0, 15), "HTTP/1.1 200 OK");
        EXPECT_NO_THROW(fast.read_pattern(32 * mib));
    }
    EXPECT_EQ(get("/").status(), 200U);
    EXPECT_LT(peak_kib(), before + 64 * 1024 + memory_slack_kib);

    stalled.clear();
    for (int i = 0; i < 20; ++i) left.pass();
}

TEST_F(Load, AnAppThatDoesNotReadHoldsUpNoOtherAndFillsNoMemory) {
    auto& go_on = app.new_gate();
    app.on("/stalled", [&](call_type& c) {
        go_on.pass();
        c.socket.read_pattern(64 * mib);
        c.reply(ok_answer("at last"));
    });
    app.on("/upload", sample_app_server::upload);
    ASSERT_NO_FATAL_FAILURE(start());
    forget_peak();
    const auto before = resident_kib();
    auto stalled = call();
    stalled.send("POST /stalled HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n");
    std::jthread sender([&] { stalled.send_pattern(64 * mib); });
    auto fast = call();
    fast.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n");
    fast.send_pattern(64 * mib);
    EXPECT_EQ(fast.read_message().status(), 200U);
    EXPECT_LT(peak_kib(), before + 48 * 1024 + memory_slack_kib);
    go_on.open();
    EXPECT_EQ(stalled.read_message().body, "at last");
}

TEST_F(Load, AThousandReconnectsLeaveNothingBehind) {
    start_server();
    const auto reconnect = [&] {
        auto& client = add_client();
        ASSERT_TRUE(client.connected());
        ASSERT_EQ(get("/").status(), 200U);
        stop_client(client);
        client.release();
    };
    for (int i = 0; i < 100; ++i) ASSERT_NO_FATAL_FAILURE(reconnect());
    const auto files = open_files();
    const auto memory = resident_kib();
    for (int i = 0; i < 1'000; ++i) ASSERT_NO_FATAL_FAILURE(reconnect());
    // The last ones may still be on their way out.
    const auto until = steady_clock::now() + time_limit;
    while (open_files() > files + 4 && steady_clock::now() < until) std::this_thread::yield();
    EXPECT_LE(open_files(), files + 4);
    EXPECT_LT(resident_kib(), memory + 4 * 1024 + memory_slack_kib);
    EXPECT_EQ(app.count(), 1'100U);
}

TEST_F(Load, AThousandTakeoversLeaveNothingBehind) {
    start_server();
    client_options.exit_when_replaced = true;
    auto* active = &add_client();
    const auto take_over = [&] {
        auto& next = add_client();
        ASSERT_TRUE(next.connected());
        ASSERT_TRUE(active->ended());
        active->release();
        active = &next;
    };
    ASSERT_TRUE(active->connected());
    for (int i = 0; i < 100; ++i) ASSERT_NO_FATAL_FAILURE(take_over());
    const auto files = open_files();
    const auto memory = resident_kib();
    for (int i = 0; i < 1'000; ++i) ASSERT_NO_FATAL_FAILURE(take_over());
    EXPECT_EQ(get("/").status(), 200U);
    const auto until = steady_clock::now() + time_limit;
    while (open_files() > files + 4 && steady_clock::now() < until) std::this_thread::yield();
    EXPECT_LE(open_files(), files + 4);
    EXPECT_LT(resident_kib(), memory + 4 * 1024 + memory_slack_kib);
}

TEST_F(Load, AThousandPostsToAnAppThatClosesIdleConnectionsArriveOnceEach) {
    app.on_any([](call_type& c) {
        c.read_body();
        c.reply(ok_answer(c.request.body));
        c.keep_open = false;  // without having said so
    });
    ASSERT_NO_FATAL_FAILURE(start());
    std::atomic<int> lost = 0;
    const auto post = [&](int from, int to) {
        auto caller = call();
        for (int i = from; i < to; ++i) {
            const auto body = std::to_string(10'000 + i);
            caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n" + body);
            if (caller.read_message().body != body) ++lost;
        }
    };
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 4; ++i) callers.emplace_back(post, i * 250, (i + 1) * 250);
    }
    EXPECT_EQ(lost, 0);
    std::map<std::string, int> times;
    for (const auto& request : app.seen()) ++times[request.body];
    EXPECT_EQ(times.size(), 1'000U);
    EXPECT_TRUE(std::ranges::all_of(times, [](const auto& entry) { return entry.second == 1; }));
}

TEST_F(Load, CallersThatComeAndGoLeaveNothingBehind) {
    app.on("/download", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_EQ(get("/").status(), 200U);
    const auto files = open_files();
    for (int i = 0; i < 300; ++i) {
        auto caller = call();
        caller.send(i % 3 == 0   ? "GET /download?10000000 HTTP/1.1\r\nHost: a\r\n\r\n"
                    : i % 3 == 1 ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"
                                 : "GET / HTTP/1.1\r\nHo");
        if (i % 2 == 0) caller.reset();
    }
    EXPECT_EQ(get("/").status(), 200U);
    const auto until = steady_clock::now() + time_limit;
    while (open_files() > files + 20 && steady_clock::now() < until) std::this_thread::yield();
    EXPECT_LE(open_files(), files + 20);
}

TEST_F(Load, RequestsBeyondTheLimitAreTurnedAwayWith503) {
    auto& finish = app.new_gate();
    app.on("/slow", [&](call_type& c) {
        finish.pass();
        c.reply(ok_answer("slow"));
    });
    server_options.max_in_flight = 3;
    ASSERT_NO_FATAL_FAILURE(start());
    std::vector<http_socket> callers;
    for (int i = 0; i < 3; ++i) {
        callers.push_back(call());
        callers.back().send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    const auto until = steady_clock::now() + time_limit;
    while (app.count() < 3 && steady_clock::now() < until) std::this_thread::yield();
    const auto answer = get("/");
    EXPECT_EQ(answer.status(), 503U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "overloaded");
    EXPECT_EQ(answer.value("Retry-After"), "1");
    finish.open(3);
    for (auto& caller : callers) EXPECT_EQ(caller.read_message().body, "slow");
    EXPECT_EQ(get("/").status(), 200U);
}

}  // namespace

}  // namespace tunnel::test
