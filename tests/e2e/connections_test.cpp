// What an app ties to a connection stays with the caller whose connection it is.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;

class Connections : public TunnelTest {};

TEST_F(Connections, ABodyThatTheAppDoesNotReadIsNoRequestOfAnotherCaller) {
    app.on_any([](call_type& c) { c.reply(ok_answer(c.request.start_line())); });
    ASSERT_NO_FATAL_FAILURE(start());
    const std::string smuggled = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string method : {"POST", "GET"}) {
        for (int i = 0; i < 10; ++i) {
            const auto length = "Content-Length: " + std::to_string(smuggled.size());
            EXPECT_EQ(ask(method + " /hook HTTP/1.1\r\nHost: a\r\n" + length + "\r\n\r\n" + smuggled).body,
                      method + " /hook HTTP/1.1");
            EXPECT_EQ(get("/victim").body, "GET /victim HTTP/1.1");
        }
    }
}

TEST_F(Connections, AResponseThatNobodyAskedForReachesNoOtherCaller) {
    app.on_any([](call_type& c) {
        c.read_body();
        c.reply(ok_answer("asked"));
        c.reply(ok_answer("unasked"));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto kept = call();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(get("/").body, "asked");
        kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        // Its own caller may get it, as over a direct connection: that is a matter of which comes first.
        EXPECT_THAT(kept.read_message().body, testing::AnyOf("asked", "unasked"));
    }
}

/// An app that authenticates connections in three steps, as NTLM does (RFC 4559).
class ConnectionLogins : public TunnelTest {
 protected:
    ConnectionLogins() {
        app.on_any([this](call_type& c) { respond(c); });
    }

    static std::string with(std::string_view authorization) {
        return "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM " + std::string(authorization) + "\r\n\r\n";
    }

 private:
    enum class login : std::uint8_t { none, challenged, done };

    void respond(call_type& c) {
        c.read_body();
        const auto authorization = c.request.value("Authorization");
        auto now = login::none;
        {
            const std::lock_guard lock(mutex_);
            auto& state = logins_[c.connection];
            if (authorization == "NTLM negotiate") state = login::challenged;
            if (authorization == "NTLM authenticate" && state == login::challenged) state = login::done;
            now = state;
        }
        if (now == login::done) return c.reply(ok_answer("hello alice"));
        c.reply("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
    }

    std::mutex mutex_;
    std::map<std::size_t, login> logins_;  // by connection
};

TEST_F(ConnectionLogins, ALoginOfAConnectionSucceedsEachTimeBesideOtherTraffic) {
    ASSERT_NO_FATAL_FAILURE(start());
    std::atomic<bool> over = false;
    std::atomic<int> strangers_let_in = 0;
    const auto traffic = [&] {
        auto kept = call();
        while (!over) {
            kept.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
            strangers_let_in += kept.read_message().status() != 401U;
            strangers_let_in += get("/other").status() != 401U;
        }
    };
    std::vector<std::jthread> others;
    others.reserve(4);
    for (int i = 0; i < 4; ++i) others.emplace_back(traffic);
    int logged_in = 0;
    for (int i = 0; i < 100; ++i) {
        auto caller = call();
        caller.send(with("negotiate"));
        EXPECT_EQ(caller.read_message().status(), 401U);
        caller.send(with("authenticate"));
        logged_in += caller.read_message().body == "hello alice";
        strangers_let_in += get("/").status() != 401U;
        caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(caller.read_message().body, "hello alice");
    }
    over = true;
    others.clear();
    EXPECT_EQ(logged_in, 100);
    EXPECT_EQ(strangers_let_in, 0);
}

}  // namespace

}  // namespace tunnel::test
