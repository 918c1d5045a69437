#include "client/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <utility>
#include <vector>

#include "support/options_run.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using test::environment;
using testing::HasSubstr;

auto run(const std::vector<std::string>& arguments) {
    return test::run_options([](int argc, const char* const* argv) { return parse_options(argc, argv); }, arguments);
}

void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
    const auto r = run(arguments);
    EXPECT_EQ(r.parsed.exit_code, 2) << line;
    EXPECT_EQ(r.err, "tunnel-client: " + line + "\n");
    EXPECT_EQ(r.out, "");
}

TEST(ClientOptions, DefaultsAreTheDocumentedOnes) {
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code);
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.server_addr, (tunnel::address{"127.0.0.1", 7000}));
    EXPECT_EQ(o.local_host, "127.0.0.1");
    EXPECT_EQ(o.local_port, 3000);
    EXPECT_EQ(o.host_header, "preserve");
    EXPECT_FALSE(o.echo);
    EXPECT_FALSE(o.exit_when_replaced);
    EXPECT_FALSE(o.raw_bodies);
    EXPECT_EQ(o.compress, compress_mode::automatic);
    EXPECT_EQ(o.local_connect_timeout, 5s);
    EXPECT_EQ(o.connect_timeout, 10s);
    EXPECT_EQ(o.drain_timeout, 30s);
    EXPECT_EQ(o.max_header_bytes, 60U * 1024);
}

TEST(ClientOptions, EveryFlagIsRead) {
    const auto r = run({"--server-addr",
                        "vps.example.com:7001",
                        "--local-port",
                        "8000",
                        "--local-host",
                        "[::1]",
                        "--host-header",
                        "app.test:3000",
                        "--echo",
                        "--exit-when-replaced",
                        "--raw-bodies",
                        "--compress",
                        "on",
                        "--connect-timeout",
                        "1s",
                        "--local-connect-timeout",
                        "2s",
                        "--wait-for-app",
                        "30s",
                        "--drain-timeout",
                        "3s",
                        "--max-header-bytes",
                        "1024"});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.server_addr, (tunnel::address{"vps.example.com", 7001}));
    EXPECT_EQ(o.local_port, 8000);
    EXPECT_EQ(o.local_host, "::1");
    EXPECT_EQ(o.host_header, "app.test:3000");
    EXPECT_TRUE(o.echo);
    EXPECT_TRUE(o.exit_when_replaced);
    EXPECT_TRUE(o.raw_bodies);
    EXPECT_EQ(o.compress, compress_mode::on);
    EXPECT_EQ(o.connect_timeout, 1s);
    EXPECT_EQ(o.local_connect_timeout, 2s);
    EXPECT_EQ(o.wait_for_app, 30s);
    EXPECT_EQ(o.drain_timeout, 3s);
    EXPECT_EQ(o.max_header_bytes, 1024U);
}

TEST(ClientOptions, EveryVariableIsRead) {
    const environment e{{"TUNNEL_SERVER_ADDR", "vps.example.com:7001"},
                        {"TUNNEL_LOCAL_PORT", "8000"},
                        {"TUNNEL_LOCAL_HOST", "localhost"},
                        {"TUNNEL_HOST_HEADER", "rewrite"},
                        {"TUNNEL_ECHO", "on"},
                        {"TUNNEL_EXIT_WHEN_REPLACED", "1"},
                        {"TUNNEL_LOCAL_CONNECT_TIMEOUT", "2s"}};
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.server_addr, (tunnel::address{"vps.example.com", 7001}));
    EXPECT_EQ(o.local_port, 8000);
    EXPECT_EQ(o.local_host, "localhost");
    EXPECT_EQ(o.host_header, "rewrite");
    EXPECT_TRUE(o.echo);
    EXPECT_TRUE(o.exit_when_replaced);
    EXPECT_EQ(o.local_connect_timeout, 2s);
}

TEST(ClientOptions, BadValuesAreOneLineWithTheFix) {
    expect_refused({"--local-port", "0"}, R"(bad value "0" for --local-port: give a number from 1 to 65535)");
    expect_refused({"--local-port", "65536"}, R"(bad value "65536" for --local-port: give a number from 1 to 65535)");
    expect_refused(
        {"--server-addr", "vps:0"},
        R"(bad value "vps:0" for --server-addr: give host, host:port, [ipv6]:port or a port from 1 to 65535)");
    expect_refused(
        {"--local-host", "x y"},
        R"(bad value "x y" for --local-host: give a name or an address, without a port (that is --local-port))");
    for (const auto* bad : {"a b", "a\r\nX: y", "a@b"}) {
        const auto r = run({"--host-header", bad});
        EXPECT_EQ(r.parsed.exit_code, 2) << bad;
        EXPECT_THAT(r.err, HasSubstr("for --host-header: give preserve, rewrite or a host such as myapp.test:3000\n"));
        EXPECT_EQ(std::ranges::count(r.err, '\n'), 1);
    }
}

TEST(ClientOptions, WaitingForTheAppIsATimeOrOff) {
    EXPECT_EQ(run({}).parsed.options.wait_for_app, 0s);
    EXPECT_EQ(run({"--wait-for-app", "1.5m"}).parsed.options.wait_for_app, 90s);
    EXPECT_EQ(run({"--wait-for-app", "2s", "--wait-for-app", "off"}).parsed.options.wait_for_app, 0s);
    const environment e{{"TUNNEL_WAIT_FOR_APP", "3s"}};
    EXPECT_EQ(run({}).parsed.options.wait_for_app, 3s);
    expect_refused({"--wait-for-app", "yes"},
                   R"(bad value "yes" for --wait-for-app: give a time from 1ms to 24h such as 30s or 2m, or off)");
}

TEST(ClientOptions, ThePortMayStandAlone) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"8000"}, {"-p", "8000"}}) {
        const auto r = run(arguments);
        ASSERT_FALSE(r.parsed.exit_code) << r.err;
        EXPECT_EQ(r.parsed.options.local_port, 8000);
    }
    expect_refused({"http://localhost:8000/"},
                   R"(bad value "http://localhost:8000/" for PORT: give a number from 1 to 65535; )"
                   "the app's port alone: 8000");
}

TEST(ClientOptions, AnAppsAddressForThePortIsThePortAlone) {
    for (const std::string app : {"localhost:3000", "http://localhost:3000/path", "https://127.0.0.1:3000",
                                  "[::1]:3000", ":3000", "0.0.0.0:3000", "http://localhost:3000?x=1"})
        expect_refused({app},
                       "bad value \"" + app + "\" for PORT: give a number from 1 to 65535; the app's port alone: 3000");
    expect_refused({"127.0.0.1"}, R"(bad value "127.0.0.1" for PORT: give a number from 1 to 65535; )"
                                  "the app's port alone, such as 3000");
}

TEST(ClientOptions, AServersAddressForThePortIsTheServersSetting) {
    const std::string expects = "give a number from 1 to 65535; ";
    const std::string server =
        "this is the app's port; a server is named with --server-addr, as in: tunnel-client "
        "--server-addr ";
    const std::string app = "; an app on another machine with --local-host, as in: tunnel-client --local-host ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"http://vps.example.com:8080", "vps.example.com 3000" + app + "vps.example.com 8080"},
        {"https://vps.example.com/hook", "vps.example.com 3000" + app + "vps.example.com 443"},
        {"vps.example.com:8080", "vps.example.com 3000" + app + "vps.example.com 8080"},
        {"vps.example.com:7001", "vps.example.com:7001 3000" + app + "vps.example.com 7001"},
        {"tcp://192.0.2.1:7000", "192.0.2.1:7000 3000" + app + "192.0.2.1 7000"},
        {"http://[2001:db8::1]:8080", "[2001:db8::1] 3000" + app + "2001:db8::1 8080"},
        {"vps.example.com", "vps.example.com 3000"}};
    for (const auto& [text, rest] : cases) {
        expect_refused({text}, "bad value \"" + text + "\" for PORT: " + expects + server + rest);
        expect_refused({text, "3000"}, "bad value \"" + text + "\" for PORT: " + expects + server + rest);
        expect_refused({"3000", text}, "unexpected argument \"" + text + "\": " + server + rest);
        const environment e{{"TUNNEL_LOCAL_PORT", text.c_str()}};
        expect_refused({}, "bad value \"" + text + "\" for TUNNEL_LOCAL_PORT: " + expects + server + rest);
    }
}

TEST(ClientOptions, WhatNamesNoMachineHasNoHint) {
    for (const std::string text : {"99999", "./app", "3000s", "a b", "localhost:99999", "http://"})
        expect_refused({text}, "bad value \"" + text + "\" for PORT: give a number from 1 to 65535");
}

TEST(ClientOptions, AUrlForAHostNamesTheHost) {
    const std::string host = "give a name or an address, without a port (that is --local-port); such as ";
    expect_refused({"--local-host", "app.test:3000"}, R"(bad value "app.test:3000" for --local-host: )" + host +
                                                          "--local-host app.test --local-port 3000");
    expect_refused({"--host-header", "https://app.test:3000/"},
                   R"(bad value "https://app.test:3000/" for --host-header: give preserve, rewrite or a host such as )"
                   "myapp.test:3000; without https://: app.test:3000");
}

TEST(ClientOptions, TheAppMayBeOnEitherLoopbackAddressUnlessOneIsNamed) {
    const std::vector<tunnel::address> both{{"127.0.0.1", 8000}, {"::1", 8000}};
    EXPECT_EQ(local_addresses(run({"8000"}).parsed.options), both);
    EXPECT_EQ(local_addresses(run({"8000", "--local-host", "LocalHost"}).parsed.options), both);
    for (const auto* one : {"127.0.0.1", "::1", "app.test"}) {
        const auto r = run({"8000", "--local-host", one});
        EXPECT_EQ(local_addresses(r.parsed.options), (std::vector<tunnel::address>{{one, 8000}}));
    }
}

TEST(ClientOptions, TheServersPortMayBeLeftOut) {
    const std::vector<std::pair<std::string, tunnel::address>> cases{
        {"vps.example.com", {"vps.example.com", 7000}},
        {"[2001:db8::1]", {"2001:db8::1", 7000}},
        {"192.0.2.1", {"192.0.2.1", 7000}},
        {"7001", {"127.0.0.1", 7001}},
        {"tcp://vps.example.com:7001", {"vps.example.com", 7001}},
        {"https://vps.example.com/", {"vps.example.com", 7000}}};
    for (const auto& [text, expected] : cases) {
        const auto r = run({"--server-addr", text});
        ASSERT_FALSE(r.parsed.exit_code) << r.err;
        EXPECT_EQ(r.parsed.options.server_addr, expected) << text;
    }
}

TEST(ClientOptions, AWebAddressWithAPortIsExplained) {
    expect_refused(
        {"--server-addr", "http://vps.example.com:8080/"},
        R"(bad value "http://vps.example.com:8080/" for --server-addr: )"
        "give host, host:port, [ipv6]:port or a port from 1 to 65535; "
        "that is a web address; the tunnel endpoint is the server's --tcp-addr, such as vps.example.com:7000");
}

TEST(ClientOptions, ABadVariableIsNamedAsSuch) {
    const environment e{{"TUNNEL_ECHO", "perhaps"}};
    expect_refused({}, R"(bad value "perhaps" for TUNNEL_ECHO: give 1, true, yes, on or 0, false, no, off)");
}

TEST(ClientOptions, HelpFitsIn100Columns) {
    const auto r = run({"--help"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_HOST_HEADER (default: preserve)"));
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_EXIT_WHEN_REPLACED (default: off)"));
    std::istringstream lines(r.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(ClientOptions, VersionNamesTheProgram) {
    const auto r = run({"--version"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_EQ(r.out, "tunnel-client 0.1.0\n");
}

TEST(ClientOptions, AProxyIsAUrlOrOff) {
    const test::environment none{{"https_proxy", ""}, {"HTTPS_PROXY", ""}};
    EXPECT_FALSE(run({}).parsed.options.proxy);
    const http_proxy plain{{"proxy.example.com", 8888}, ""};
    for (const auto* url :
         {"http://proxy.example.com:8888", "HTTP://proxy.example.com:8888/", "proxy.example.com:8888"})
        EXPECT_EQ(run({"--proxy", url}).parsed.options.proxy, plain) << url;
    const http_proxy whole{{"::1", 3128}, "me:p@ss:word"};
    EXPECT_EQ(run({"--proxy", "http://me:p%40ss:word@[::1]"}).parsed.options.proxy, whole);
    expect_refused({"--proxy", "https://proxy.example.com"},
                   "bad value \"https://proxy.example.com\" for --proxy: give off or a URL such as "
                   "http://proxy.example.com:3128; only http:// proxies, asked for a connection with CONNECT, are "
                   "supported, not https://");
    for (const auto* bad : {"http://", "http://:1", "http://a:0", "http://a:70000", "http://a%0d:b@c", "http://%4@c"})
        EXPECT_EQ(run({"--proxy", bad}).parsed.exit_code, 2) << bad;
}

TEST(ClientOptions, TheProxyOfTheEnvironmentHoldsUnlessItIsTurnedOff) {
    const test::environment set{
        {"https_proxy", ""}, {"HTTPS_PROXY", "http://p:1"}, {"no_proxy", "a.example, .b.example"}};
    const http_proxy expected{{"p", 1}, ""};
    EXPECT_EQ(run({"--server-addr", "vps.example.com"}).parsed.options.proxy, expected);
    for (const auto* direct : {"127.0.0.1", "localhost", "[::1]", "a.example", "x.A.example", "b.example"})
        EXPECT_FALSE(run({"--server-addr", direct}).parsed.options.proxy) << direct;
    EXPECT_TRUE(run({"--server-addr", "aa.example"}).parsed.options.proxy);
    EXPECT_FALSE(run({"--server-addr", "vps.example.com", "--proxy", "off"}).parsed.options.proxy);
    EXPECT_TRUE(run({"--proxy", "q:2"}).parsed.options.proxy);
}

}  // namespace

}  // namespace tunnel::client
