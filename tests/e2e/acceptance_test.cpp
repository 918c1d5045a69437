// The five scenarios that the tunnel has to master, each under its name.

#include <string>
#include <vector>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using testing::ElementsAre;

class Acceptance : public TunnelTest {};

const std::string host = "Host: a\r\n";

TEST_F(Acceptance, ForwardsEveryMethod) {
    ASSERT_NO_FATAL_FAILURE(start());
    const std::vector<std::string> methods{"GET",     "HEAD",  "POST",     "PUT",      "PATCH", "DELETE",
                                           "OPTIONS", "TRACE", "M-SEARCH", "PROPFIND", "get",   "!#$%&'*+-.^_`|~09Az"};
    for (const auto& method : methods) {
        SCOPED_TRACE(method);
        const auto line = method + " /method HTTP/1.1";
        const auto answer = ask(line + "\r\n" + host + "\r\n");
        EXPECT_EQ(app.last_seen().head, forwarded(line, host));
        EXPECT_EQ(without_date(answer.head),
                  "HTTP/1.1 200 OK\r\nX-Method: " + method + "\r\nContent-Length: 0\r\n\r\n");
    }
    EXPECT_EQ(app.count(), methods.size());
}

TEST_F(Acceptance, ForwardsTheBodyOfEveryMethodThatHasOne) {
    ASSERT_NO_FATAL_FAILURE(start());
    for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "M-SEARCH"}) {
        SCOPED_TRACE(method);
        const auto line = method + " /method HTTP/1.1";
        const auto answer = ask(line + "\r\n" + host + "Content-Length: 5\r\n\r\nhello");
        const auto seen = app.last_seen();
        EXPECT_EQ(seen.head, forwarded(line, host, "a", "Content-Length: 5\r\n"));
        EXPECT_EQ(seen.body, "hello");
        EXPECT_EQ(answer.body, "hello");
    }
}

TEST_F(Acceptance, PathAndQueryArriveAsSent) {
    ASSERT_NO_FATAL_FAILURE(start());
    const std::vector<std::string> targets{"/foo/bar?x=1&y=2",
                                           "//a/%2F/..;x=1/%zz/?",
                                           "/caf\xc3\xa9/\xff?\xc3\xa9=\xff",
                                           "/?",
                                           "/??&&==",
                                           "/a/./b/../c//d/",
                                           "/%00%0d%0a%41",
                                           "/\"<>[]{}|\\^`'",
                                           "/http://other/x?y=http://z",
                                           "/" + std::string(8'000, 'x')};
    for (const auto& target : targets) {
        SCOPED_TRACE(target);
        const auto line = "GET " + target + " HTTP/1.1";
        EXPECT_EQ(ask(line + "\r\n" + host + "\r\n").status(), 200U);
        EXPECT_EQ(app.last_seen().head, forwarded(line, host));
    }
}

TEST_F(Acceptance, ClientDownIs503) {
    start_server();
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto answer = caller.read_message();
    const std::string sentence = "tunnel-server: no tunnel-client is connected; start tunnel-client and try again\n";
    EXPECT_EQ(answer.start_line(), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(answer.values("X-Tunnel-Error"), ElementsAre("no-client"));
    EXPECT_THAT(answer.values("Retry-After"), ElementsAre("1"));
    EXPECT_EQ(answer.body, sentence);

    // Not even the connection is the worse for it.
    caller.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto second = caller.read_message(true);
    EXPECT_EQ(second.status(), 503U);
    EXPECT_EQ(second.value("Content-Length"), std::to_string(sentence.size()));
    auto& client = add_client();
    ASSERT_TRUE(client.connected());
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().status(), 200U);
}

TEST_F(Acceptance, ClientStoppedAndRestartedWithTheServerUntouched) {
    start_server();
    auto& first = add_client();
    ASSERT_TRUE(first.connected());
    EXPECT_EQ(get("/1").status(), 200U);

    stop_client(first);
    EXPECT_EQ(get("/2").status(), 503U);

    auto& second = add_client();
    ASSERT_TRUE(second.connected());
    EXPECT_EQ(get("/3").status(), 200U);
    EXPECT_EQ(app.last_seen().target(), "/3");
    EXPECT_EQ(app.count(), 2U);
}

TEST_F(Acceptance, TwoClientsTheSecondServes) {
    sample_app_server second_app;
    second_app.on_any([](sample_app_server::call& c) { c.reply(ok_answer("second")); });
    app.on_any([](sample_app_server::call& c) { c.reply(ok_answer("first")); });
    start_server();
    auto& first = add_client();
    ASSERT_TRUE(first.connected());
    EXPECT_EQ(get("/").body, "first");

    client_options.local_port = second_app.port();
    auto& second = add_client();
    ASSERT_TRUE(second.connected());
    EXPECT_EQ(get("/").body, "second");

    // Long enough for the first to ask, about once a second, whether the slot is free.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    while (std::chrono::steady_clock::now() < until) ASSERT_EQ(get("/").body, "second");
    EXPECT_EQ(first.times_connected(), 1U);
    EXPECT_EQ(second.times_connected(), 1U);

    stop_client(second);
    ASSERT_TRUE(first.connected(2));
    EXPECT_EQ(get("/").body, "first");
}

TEST_F(Acceptance, TheReplacedClientEndsWithCode3WhereAsked) {
    start_server();
    client_options.exit_when_replaced = true;
    auto& first = add_client();
    ASSERT_TRUE(first.connected());
    auto& second = add_client();
    ASSERT_TRUE(second.connected());
    ASSERT_TRUE(first.ended());
    EXPECT_EQ(first.exit_code(), client::exit_replaced);
    EXPECT_EQ(get("/").status(), 200U);
}

TEST_F(Acceptance, RequestsOfAReplacedClientFailWith502) {
    auto& arrived = app.new_gate();
    auto& leave = app.new_gate();
    app.on("/slow", [&](sample_app_server::call& c) {
        arrived.open();
        leave.pass();
        c.reply(ok_answer("late"));
    });
    start_server();
    ASSERT_TRUE(add_client().connected());
    auto caller = call();
    caller.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    arrived.pass();
    auto& second = add_client();
    ASSERT_TRUE(second.connected());
    const auto answer = caller.read_message();
    leave.open();
    EXPECT_EQ(answer.status(), 502U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "replaced");
    EXPECT_EQ(app.count(), 1U);  // a POST is never sent again
}

}  // namespace

}  // namespace tunnel::test
