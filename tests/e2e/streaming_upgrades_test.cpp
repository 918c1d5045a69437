// Connections that are switched to another protocol, and carry bytes both ways.

#include <gtest/gtest.h>

#include <list>
#include <string>
#include <thread>

#include "e2e/streaming_fixture.hpp"

namespace tunnel::test {

namespace {

const std::string upgrade_request =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

void mirror(call_type& c) {
    c.reply(switching);
    for (auto bytes = c.socket.read_some(); !bytes.empty(); bytes = c.socket.read_some()) c.reply(bytes);
    c.keep_open = false;
}

TEST_F(Streaming, AnUpgradeSwitchesBothWays) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    EXPECT_EQ(app.last_seen().head, forwarded("GET /ws HTTP/1.1", "Host: a\r\nSec-WebSocket-Key: x\r\n", "a",
                                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    for (const auto& text : {std::string("ping"), std::string("\0\xff\r\n\r\n", 6), pattern_text(70'000)}) {
        caller.send(text);
        EXPECT_TRUE(caller.read_exactly(text.size()) == text);
    }
    caller.shutdown_send();
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Streaming, WhatComesAlongWithTheUpgradeOnEitherSideArrives) {
    app.on("/ws", [](call_type& c) {
        c.reply(switching + "server first");
        EXPECT_EQ(c.socket.read_exactly(12), "caller first");
        c.reply(", then more");
        EXPECT_EQ(c.socket.read_some(), "");
        c.reply("bye");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request + "caller first");
    EXPECT_EQ(caller.read_head(), switching);
    EXPECT_EQ(caller.read_exactly(23), "server first, then more");
    caller.shutdown_send();
    EXPECT_EQ(caller.read_to_end(), "bye");
}

TEST_F(Streaming, TheFinOfTheAppLeavesTheOtherDirectionOpen) {
    auto& got_it = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching + "bye");
        c.socket.shutdown_send();
        EXPECT_EQ(c.socket.read_exactly(7), "goodbye");
        EXPECT_EQ(c.socket.read_some(), "");
        got_it.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_to_end(), switching + "bye");
    caller.send("goodbye");
    caller.shutdown_send();
    got_it.pass();
}

TEST_F(Streaming, AnUpgradedConnectionCarriesMuchBothWaysAtOnce) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    std::jthread sender([&] {
        caller.send_pattern(16 * mib);
        caller.shutdown_send();
    });
    EXPECT_NO_THROW(caller.read_pattern(16 * mib));
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Streaming, FiveHundredUpgradedConnectionsWorkAtOnce) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    std::list<http_socket> callers;
    for (int i = 0; i < 500; ++i) callers.push_back(call());
    for (auto& caller : callers) caller.send(upgrade_request);
    for (auto& caller : callers) ASSERT_EQ(caller.read_head(), switching);
    int i = 0;
    for (auto& caller : callers) caller.send(std::to_string(10'000 + i++));
    i = 0;
    for (auto& caller : callers) ASSERT_EQ(caller.read_exactly(5), std::to_string(10'000 + i++));
    // Others are served beside them.
    EXPECT_EQ(get("/").status(), 200U);
}

TEST_F(Streaming, AnUpgradeThatIsRefusedIsAnOrdinaryAnswer) {
    app.on("/ws", [](call_type& c) { c.reply("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"); });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send(upgrade_request);
        const auto answer = caller.read_message();
        EXPECT_EQ(without_date(answer.head), "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(answer.body, "no\n");
    }
}

TEST_F(Streaming, ACallerThatResetsAnUpgradedConnectionIsSeenByTheApp) {
    auto& left = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        (void)c.socket.wait_for_end();
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    within_a_second([&] {
        caller.reset();
        left.pass();
    });
}

TEST_F(Streaming, AnAppThatResetsAnUpgradedConnectionIsSeenByTheCaller) {
    auto& go = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        go.pass();
        c.socket.reset_at_close();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    within_a_second([&] {
        go.open();
        (void)caller.wait_for_end();
    });
}

}  // namespace

}  // namespace tunnel::test
