// The real programs at work: lines for scripts, logs, exit codes, installation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/running_server.hpp"
#include "cli/tcp_socket.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel {

namespace {

using namespace std::chrono_literals;
using test::child;
using test::temporary_folder;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Cli, TheServerSaysReadyAndEndsWith0AfterEitherSignal) {
    for (const int signal : {SIGTERM, SIGINT}) {
        running_server server;
        EXPECT_NE(server.http_port(), 0);
        server.process.signal(signal);
        EXPECT_EQ(server.process.exit_code(), 0) << server.process.err();
        EXPECT_EQ(server.process.out(), server.ready + "\n");
    }
}

TEST(Cli, TheClientWaitsForAServerAndEndsWith0AfterASignal) {
    const auto silent = tcp_socket::listening();
    child client({client_program, "--server-addr", "127.0.0.1:" + std::to_string(silent.port())});
    const auto link = silent.accepted();
    EXPECT_EQ(client.line(200ms), "");  // connected is said only when the server has said so
    client.signal(SIGTERM);
    EXPECT_EQ(client.exit_code(), 0) << client.err();
}

TEST(Cli, EchoAnswersThroughBothPrograms) {
    running_server server;
    child client({client_program, "--server-addr", server.tcp(), "--echo"});
    EXPECT_THAT(client.line(), StartsWith("connected server=" + server.tcp() + " local="));

    const auto answer = get(server.http_port(), "/foo/bar?x=1&y=2");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    const auto body = nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
    EXPECT_EQ(body.at("method"), "GET");
    EXPECT_EQ(body.at("path"), "/foo/bar?x=1&y=2");
    EXPECT_THAT(server.process.logged("GET /foo/bar?x=1&y=2 200 "), HasSubstr(" info  "));

    client.signal(SIGINT);
    EXPECT_EQ(client.exit_code(), 0) << client.err();
    EXPECT_THAT(get(server.http_port(), "/"), HasSubstr("X-Tunnel-Error: no-client\r\n"));
}

TEST(Cli, WhatIsInstalledForwardsARequest) {
    const temporary_folder folder;
    child install({CMAKE_PROGRAM, "--install", BUILD_FOLDER, "--config", BUILD_TYPE}, {"DESTDIR=" + folder.path()});
    ASSERT_EQ(install.exit_code(), 0) << install.out() << install.err();

    const auto programs = folder.path() + INSTALLED_PROGRAMS;
    running_server server({}, programs + "/tunnel-server");
    child client({programs + "/tunnel-client", "--server-addr", server.tcp(), "--echo"});
    EXPECT_THAT(client.line(), StartsWith("connected "));
    EXPECT_THAT(get(server.http_port(), "/"), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() + INSTALLED_DOCUMENTS + "/LICENSE"));
}

TEST(Cli, TheClientNamesItsLocalApp) {
    running_server server;
    child client({client_program, "--server-addr", server.tcp(), "--local-port", "4000", "--local-host", "::1"});
    EXPECT_EQ(client.line(), "connected server=" + server.tcp() + " local=http://[::1]:4000");
}

TEST(Cli, AReplacedClientEndsWith3WhenAskedTo) {
    running_server server;
    child first({client_program, "--server-addr", server.tcp(), "--echo", "--exit-when-replaced"});
    EXPECT_THAT(first.line(), StartsWith("connected "));
    child second({client_program, "--server-addr", server.tcp(), "--echo"});
    EXPECT_THAT(second.line(), StartsWith("connected "));
    EXPECT_EQ(first.exit_code(), 3) << first.err();
    EXPECT_TRUE(second.running());
}

TEST(Cli, JsonLogsAreOneObjectALine) {
    running_server server({"--log-format", "json"});
    EXPECT_THAT(get(server.http_port(), "/\"quoted\""), StartsWith("HTTP/1.1 503 "));
    EXPECT_NE(server.process.logged("\"status\":503"), "");
    server.process.signal(SIGTERM);
    EXPECT_EQ(server.process.exit_code(), 0);
    std::istringstream lines(server.process.err());
    int requests = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto object = nlohmann::json::parse(line);
        if (object.at("msg") != "request") continue;
        ++requests;
        EXPECT_EQ(object.at("path"), "/\"quoted\"");
        EXPECT_EQ(object.at("status"), 503);
    }
    EXPECT_EQ(requests, 1);
}

TEST(Cli, NobodyReadingStdoutAndStderrStopsNothing) {
    running_server server;
    server.process.close_pipes();
    for (int i = 0; i < 3; ++i) EXPECT_THAT(get(server.http_port(), "/"), StartsWith("HTTP/1.1 503 "));
    server.process.signal(SIGTERM);
    EXPECT_EQ(server.process.exit_code(), 0);
}

#ifdef __linux__
TEST(Cli, AStdoutThatIsFullStopsNothing) {
    const running_server server;
    // As much as a pipe holds.
    child client({"/bin/sh", "-c", R"(head -c 65536 /dev/zero; exec "$0" "$@")", client_program, "--server-addr",
                  server.tcp(), "--echo"});
    const auto until = std::chrono::steady_clock::now() + 20s;
    std::string answer;
    do {
        answer = get(server.http_port(), "/");
    } while (answer.starts_with("HTTP/1.1 503 ") && std::chrono::steady_clock::now() < until);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    client.signal(SIGTERM);
    EXPECT_EQ(client.exit_code(), 0);
}
#endif

}  // namespace

}  // namespace tunnel
