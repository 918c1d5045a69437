// Programs that end and come back, gently or not, with requests in flight.

#include <chrono>
#include <string>
#include <thread>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;

class Recovery : public TunnelTest {
 protected:
    /// Stops the client as the first signal does, until the server has heard of it.
    void say_goodbye(client_handle& client) const {
        client.stop();
        const auto until = std::chrono::steady_clock::now() + time_limit;
        while (get("/").status() != 503 && std::chrono::steady_clock::now() < until) {
        }
        EXPECT_EQ(get("/").status(), 503U);
    }
};

TEST_F(Recovery, TheClientComesBackByItselfWhenTheServerRestarts) {
    start_server();
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(get("/1").status(), 200U);
    stop_server();
    start_server();
    EXPECT_TRUE(client.connected(2)) << "within a second, but for a slow machine";
    EXPECT_EQ(get("/2").status(), 200U);
}

TEST_F(Recovery, TheClientIsBackWithinASecondOfAServerThatDied) {
    start_server();
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    kill_server();
    start_server();
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.connected(2));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1) * time_factor);
    EXPECT_EQ(get("/").status(), 200U);
}

TEST_F(Recovery, AClientThatStartsBeforeTheServerFindsIt) {
    start_server();
    kill_server();
    auto& client = add_client();
    EXPECT_FALSE(client.has_ended());
    start_server();
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(get("/").status(), 200U);
}

TEST_F(Recovery, AStoppingServerFinishesWhatIsInFlight) {
    auto& arrived = app.new_gate();
    auto& finish = app.new_gate();
    app.on("/slow", [&](call_type& c) {
        arrived.open();
        finish.pass();
        c.reply(ok_answer("done"));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    arrived.pass();
    auto idle = call();  // behind the caller, so that it is told to stop after the caller's session was
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(idle.read_message().status(), 200U);
    std::jthread stopper([&] { stop_server(); });
    EXPECT_EQ(idle.read_to_end(), "");  // by now it is stopping
    finish.open();
    const auto answer = caller.read_message();
    EXPECT_EQ(answer.body, "done");
    EXPECT_EQ(answer.value("Connection"), "close");
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Recovery, AStoppingClientFinishesWhatIsInFlightAndTakesNothingNew) {
    auto& arrived = app.new_gate();
    auto& finish = app.new_gate();
    app.on("/slow", [&](call_type& c) {
        arrived.open();
        finish.pass();
        c.reply(ok_answer("done"));
    });
    start_server();
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    auto caller = call();
    caller.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    arrived.pass();
    say_goodbye(client);
    EXPECT_FALSE(client.has_ended());
    finish.open();
    EXPECT_EQ(caller.read_message().body, "done");
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(client.exit_code(), 0);
}

TEST_F(Recovery, AClientThatIsStoppedTwiceCutsAnswersShort) {
    auto& finish = app.new_gate();
    app.on("/chunked", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        finish.pass();
    });
    start_server();
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    auto caller = call();
    caller.send("GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n");
    auto got = caller.read_until("abc\r\n");
    client.stop();
    client.stop();
    got += caller.read_to_end();
    finish.open();
    EXPECT_EQ(without_date(got), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
}

TEST_F(Recovery, AClientThatStopsBeforeTheAnswerIs503) {
    auto& arrived = app.new_gate();
    auto& finish = app.new_gate();
    app.on("/slow", [&](call_type&) {
        arrived.open();
        finish.pass();
    });
    start_server();
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    auto caller = call();
    caller.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    arrived.pass();
    say_goodbye(client);
    client.stop();
    const auto answer = caller.read_message();
    finish.open();
    EXPECT_EQ(answer.status(), 503U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "shutting-down");
}

TEST_F(Recovery, AServerThatDiesAbortsUploadsAtTheApp) {
    auto& arrived = app.new_gate();
    auto& left = app.new_gate();
    std::string body;
    app.on("/upload", [&](call_type& c) {
        body = c.socket.read_exactly(3);
        arrived.open();
        try {
            body += c.socket.read_to_end();
        } catch (const peer_left&) {
            // A reset says it as clearly.
        }
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    arrived.pass();
    kill_server();
    left.pass();
    EXPECT_EQ(body, "3\r\nabc\r\n");
}

}  // namespace

}  // namespace tunnel::test
