#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "support/child.hpp"

// The real programs: settings, lines for scripts, signals, exit codes, installation.

namespace tunnel {

namespace {

using namespace std::chrono_literals;
using test::child;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

const std::string server_program = SERVER_PROGRAM;
const std::string client_program = CLIENT_PROGRAM;

/// A blocking socket on 127.0.0.1 whose waits end after 20 s.
class tcp_socket {
 public:
    explicit tcp_socket(int fd) : fd_(fd) {
        const timeval limit{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~tcp_socket() { close(fd_); }
    tcp_socket(tcp_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    tcp_socket& operator=(tcp_socket&&) = delete;
    tcp_socket(const tcp_socket&) = delete;
    tcp_socket& operator=(const tcp_socket&) = delete;

    static tcp_socket listening() {
        tcp_socket s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto any = loopback(0);
        EXPECT_EQ(bind(s.fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        EXPECT_EQ(listen(s.fd_, 16), 0);
        return s;
    }
    static tcp_socket connected(std::uint16_t port) {
        tcp_socket s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto where = loopback(port);
        EXPECT_EQ(connect(s.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
        return s;
    }

    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
        return ntohs(own.sin_port);
    }
    [[nodiscard]] tcp_socket accepted() const { return tcp_socket(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
    void say(const std::string& bytes) const {
        EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// Everything up to and including `text`, or up to the end of the stream.
    [[nodiscard]] std::string heard_until(const std::string& text) const {
        std::string all;
        std::array<char, 4096> piece{};
        while (text.empty() || all.find(text) == std::string::npos) {
            const auto n = recv(fd_, piece.data(), piece.size(), 0);
            if (n <= 0) break;
            all.append(piece.data(), static_cast<std::size_t>(n));
        }
        return all;
    }

 private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
    }
    int fd_;
};

std::string value_of(const std::string& line, const std::string& key) {
    const auto at = line.find(" " + key + "=");
    if (at == std::string::npos) return "";
    const auto start = at + key.size() + 2;
    return line.substr(start, line.find(' ', start) - start);
}

std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoul("0" + address.substr(address.rfind(':') + 1)));
}

/// A server on free ports that is ready.
class running_server {
 public:
    explicit running_server(const std::vector<std::string>& more = {}, const std::string& program = server_program)
        : process(arguments(program, more)), ready(process.line()) {
        EXPECT_THAT(ready, MatchesRegex("ready http=127\\.0\\.0\\.1:[0-9]+ tcp=127\\.0\\.0\\.1:[0-9]+"))
            << process.err();
    }
    [[nodiscard]] std::uint16_t http_port() const { return port_of(value_of(ready, "http")); }
    [[nodiscard]] std::string tcp() const { return value_of(ready, "tcp"); }

 private:
    static std::vector<std::string> arguments(const std::string& program, const std::vector<std::string>& more) {
        std::vector<std::string> all{program, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

 public:
    child process;
    std::string ready;
};

/// A folder that is removed with the object.
class temporary_folder {
 public:
    temporary_folder() : path_(std::filesystem::temp_directory_path() / "tunnel-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make " << path_;
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
    std::string path_;
};

std::string get(std::uint16_t port, const std::string& target) {
    const auto caller = tcp_socket::connected(port);
    caller.say("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return caller.heard_until("");
}

void expect_one_line(child& program, int code, const std::string& text) {
    EXPECT_EQ(program.exit_code(), code) << program.err();
    EXPECT_EQ(program.out(), "");
    EXPECT_THAT(program.err(), HasSubstr(text));
    EXPECT_THAT(program.err(), EndsWith("\n"));
    EXPECT_EQ(std::ranges::count(program.err(), '\n'), 1) << program.err();
}

TEST(Cli, HelpShowsDefaultAndVariableOfEachSetting) {
    child server({server_program, "--help"});
    EXPECT_EQ(server.exit_code(), 0);
    EXPECT_EQ(server.err(), "");
    for (const auto* text : {"--http-addr", "TUNNEL_HTTP_ADDR (default: 0.0.0.0:8080)", "--tcp-addr",
                             "TUNNEL_TCP_ADDR (default: 0.0.0.0:7000)", "TUNNEL_RESPONSE_TIMEOUT (default: 300s)"})
        EXPECT_THAT(server.out(), HasSubstr(text));
    child client({client_program, "--help"});
    EXPECT_EQ(client.exit_code(), 0);
    for (const auto* text : {"--server-addr", "TUNNEL_SERVER_ADDR (default: 127.0.0.1:7000)", "--local-port",
                             "TUNNEL_LOCAL_PORT (default: 3000)", "TUNNEL_EXIT_WHEN_REPLACED"})
        EXPECT_THAT(client.out(), HasSubstr(text));
}

TEST(Cli, VersionIsOneLine) {
    child server({server_program, "--version"});
    EXPECT_EQ(server.exit_code(), 0);
    EXPECT_EQ(server.out(), "tunnel-server 0.1.0\n");
    child client({client_program, "--version"});
    EXPECT_EQ(client.exit_code(), 0);
    EXPECT_EQ(client.out(), "tunnel-client 0.1.0\n");
}

TEST(Cli, ABadValueIsOneLineWithTheFixAndExit2) {
    child flag({server_program, "--http-addr", "nowhere"});
    expect_one_line(flag, 2, R"(bad value "nowhere" for --http-addr: give )");
    child variable({client_program}, {"TUNNEL_LOCAL_PORT=eighty"});
    expect_one_line(variable, 2, R"(bad value "eighty" for TUNNEL_LOCAL_PORT: give a number from 1 to 65535)");
    child unknown({client_program, "--local-prot", "80"});
    expect_one_line(unknown, 2, R"(unknown flag "--local-prot": did you mean --local-port?)");
    child stray({server_program, "run"});
    expect_one_line(stray, 2, R"("run": see tunnel-server --help)");
}

TEST(Cli, AnAddressInUseIsOneLineAndExit1) {
    const auto taken = tcp_socket::listening();
    const auto address = "127.0.0.1:" + std::to_string(taken.port());
    child http({server_program, "--http-addr", address, "--tcp-addr", "127.0.0.1:0"});
    expect_one_line(http, 1, address);
    child tcp({server_program, "--http-addr", "127.0.0.1:0", "--tcp-addr", address});
    expect_one_line(tcp, 1, address);
}

TEST(Cli, WhoHasTheAddressAndWhichSettingChangesItAreNamed) {
    const running_server other;
    const auto address = "127.0.0.1:" + std::to_string(other.http_port());
    const auto holder = "in use; tunnel-server (process ";
    child http({server_program, "--http-addr", address, "--tcp-addr", "127.0.0.1:0"});
    expect_one_line(http, 1, holder);
    EXPECT_THAT(http.err(), HasSubstr("or choose another address with --http-addr (TUNNEL_HTTP_ADDR)"));
    child tcp({server_program, "--http-addr", "127.0.0.1:0", "--tcp-addr", address});
    expect_one_line(tcp, 1, "--tcp-addr (TUNNEL_TCP_ADDR)");
    child admin({client_program, "--echo", "--inspect-addr", "off", "--admin-addr", address});
    expect_one_line(admin, 1, "--admin-addr (TUNNEL_ADMIN_ADDR)");
    EXPECT_THAT(admin.err(), HasSubstr(holder));
    child inspector({client_program, "--echo", "--history", "off", "--inspect-addr", address});
    expect_one_line(inspector, 1, "--inspect-addr (TUNNEL_INSPECT_ADDR)");
}

TEST(Cli, AnUnknownHostToListenOnIsOneLineAndExit1) {
    child server({server_program, "--http-addr", "no-such-host.invalid:0", "--tcp-addr", "127.0.0.1:0"});
    expect_one_line(server, 1, "no-such-host.invalid");
}

TEST(Cli, TheServerSaysReadyAndEndsWith0AfterEitherSignal) {
    for (const int signal : {SIGTERM, SIGINT}) {
        running_server server;
        EXPECT_NE(server.http_port(), 0);
        server.process.signal(signal);
        EXPECT_EQ(server.process.exit_code(), 0) << server.process.err();
        EXPECT_EQ(server.process.out(), server.ready + "\n");
    }
}

TEST(Cli, TheEnvironmentIsRead) {
    child server({server_program}, {"TUNNEL_HTTP_ADDR=127.0.0.1:0", "TUNNEL_TCP_ADDR=127.0.0.1:0", "TUNNEL_THREADS=2"});
    EXPECT_THAT(server.line(), StartsWith("ready http=127.0.0.1:"));
}

TEST(Cli, ASettingsFileIsReadAndChecked) {
    const temporary_folder folder;
    const auto path = folder.path() + "/server.conf";
    std::ofstream(path) << "# ports that are free\nhttp-addr = 127.0.0.1:0\ntcp-addr = 127.0.0.1:0\n";
    child check({server_program, "--check-config", "--config", path});
    EXPECT_EQ(check.exit_code(), 0) << check.err();
    EXPECT_EQ(check.out(), "tunnel-server: the settings are valid\n");
    child server({server_program}, {"TUNNEL_CONFIG=" + path, "TUNNEL_THREDS=2"});
    EXPECT_THAT(server.line(), StartsWith("ready http=127.0.0.1:"));
    EXPECT_NE(server.logged("did you mean TUNNEL_THREADS?"), "");

    std::ofstream(path) << "\nhttp-adr = 127.0.0.1:0\n";
    child refused({server_program, "--config", path});
    expect_one_line(refused, 2, path + R"( line 2: unknown setting "http-adr": did you mean http-addr?)");
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
