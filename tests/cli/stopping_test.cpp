// Signals to the real programs while a request is in flight.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/running_server.hpp"
#include "cli/tcp_socket.hpp"
#include "support/child.hpp"

namespace tunnel {

namespace {

using namespace std::chrono_literals;
using test::child;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A request that the local app has received and not answered.
class request_in_flight {
 public:
    explicit request_in_flight(const std::vector<std::string>& client_arguments = {})
        : client(arguments(server.tcp(), app_.port(), client_arguments)),
          connected(client.line()),
          caller(tcp_socket::connected(server.http_port())),
          app(started(caller, app_)) {}

 private:
    static std::vector<std::string> arguments(const std::string& tcp, std::uint16_t port,
                                              const std::vector<std::string>& more) {
        std::vector<std::string> all{client_program, "--server-addr", tcp, "--local-port", std::to_string(port)};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    static tcp_socket started(const tcp_socket& from, const tcp_socket& app) {
        from.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        auto connection = app.accepted();
        EXPECT_THAT(connection.heard_until("\r\n\r\n"), StartsWith("GET /slow HTTP/1.1\r\n"));
        return connection;
    }
    tcp_socket app_ = tcp_socket::listening();

 public:
    running_server server;
    child client;
    std::string connected;
    tcp_socket caller;
    tcp_socket app;
};

const std::string late_answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate";

TEST(Cli, ASignalToTheServerLetsARequestFinish) {
    request_in_flight r;
    r.server.process.signal(SIGTERM);
    EXPECT_NE(r.server.process.logged("stopping"), "");
    r.app.say(late_answer);
    const auto answer = r.caller.heard_until("");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nlate"));
    EXPECT_EQ(r.server.process.exit_code(), 0);
    EXPECT_TRUE(r.client.running());
}

TEST(Cli, ASignalToTheClientLetsARequestFinish) {
    request_in_flight r;
    r.client.signal(SIGTERM);
    EXPECT_NE(r.server.process.logged("ends its session"), "");
    EXPECT_THAT(get(r.server.http_port(), "/new"), StartsWith("HTTP/1.1 503 "));
    r.app.say(late_answer);
    EXPECT_THAT(r.caller.heard_until("late"), EndsWith("\r\n\r\nlate"));
    EXPECT_EQ(r.client.exit_code(), 0);
}

TEST(Cli, AClientThatIsKilledBeforeTheAnswerIs502) {
    request_in_flight r;
    r.client.signal(SIGKILL);
    EXPECT_THAT(r.caller.heard_until("\r\n\r\n"),
                AllOf(StartsWith("HTTP/1.1 502 "), HasSubstr("X-Tunnel-Error: tunnel-lost\r\n")));
}

TEST(Cli, ASecondSignalEndsAtOnce) {
    request_in_flight r;
    r.server.process.signal(SIGTERM);
    EXPECT_NE(r.server.process.logged("stopping"), "");
    EXPECT_TRUE(r.server.process.running());
    r.server.process.signal(SIGTERM);
    EXPECT_EQ(r.server.process.exit_code(10s), 0);

    r.client.signal(SIGTERM);
    EXPECT_EQ(r.client.exit_code(10s), 0);
}

}  // namespace

}  // namespace tunnel
