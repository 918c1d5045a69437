#include "server/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/options_run.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using test::environment;
using testing::HasSubstr;

auto run(const std::vector<std::string>& arguments) { return test::run_options(parse_options, arguments); }

void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
    const auto r = run(arguments);
    EXPECT_EQ(r.parsed.exit_code, 2) << line;
    EXPECT_EQ(r.err, "tunnel-server: " + line + "\n");
    EXPECT_EQ(r.out, "");
}

TEST(ServerOptions, DefaultsAreTheDocumentedOnes) {
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code);
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.http_addr, (tunnel::address{"0.0.0.0", 8080}));
    EXPECT_EQ(o.tcp_addr, (tunnel::address{"0.0.0.0", 7000}));
    EXPECT_TRUE(o.forwarded_headers);
    EXPECT_EQ(o.response_timeout, 300s);
    EXPECT_EQ(o.header_timeout, 30s);
    EXPECT_EQ(o.idle_timeout, 75s);
    EXPECT_EQ(o.body_timeout, 60s);
    EXPECT_EQ(o.drain_timeout, 30s);
    EXPECT_EQ(o.max_header_bytes, 60U * 1024);
    EXPECT_EQ(o.max_connections, 10'000U);
    EXPECT_EQ(o.max_in_flight, 1024U);
    EXPECT_EQ(o.common.threads, 1U);
    EXPECT_EQ(o.common.log_level, "info");
    EXPECT_EQ(o.common.format, log_format::text);
}

TEST(ServerOptions, ThePublicUrlIsHttpOrHttps) {
    for (const auto* url : {"https://hooks.example.com", "http://[2001:db8::1]:8080/in"})
        EXPECT_EQ(run({"--public-url", url}).parsed.options.public_url, url);
    expect_refused({"--public-url", "hooks.example.com:8080/in"},
                   "bad value \"hooks.example.com:8080/in\" for --public-url: give a URL such as "
                   "https://hooks.example.com; with its scheme, https://hooks.example.com:8080 or "
                   "http://hooks.example.com:8080");
    for (const std::string bad : {"https://", "https:///x", "ftp://a", "http://a b"})
        expect_refused({"--public-url", bad},
                       "bad value \"" + bad + "\" for --public-url: give a URL such as https://hooks.example.com");
}

TEST(ServerOptions, TrustedProxiesAreNetworks) {
    EXPECT_FALSE(run({"--trusted-proxy", "10.0.0.0/8"}).parsed.options.trusted.trusts("127.0.0.1"));
    expect_refused({"--trusted-proxy", "localhost"},
                   "bad value \"localhost\" for --trusted-proxy: give all, none, or addresses and networks by commas, "
                   "such as 127.0.0.1,10.0.0.0/8");
}

TEST(ServerOptions, TheAdminAddressIsOffUntilItIsSet) {
    EXPECT_FALSE(run({}).parsed.options.common.admin_addr);
    EXPECT_EQ(run({"--admin-addr", "9090"}).parsed.options.common.admin_addr, (tunnel::address{"127.0.0.1", 9090}));
    EXPECT_FALSE(run({"--admin-addr", "9090", "--admin-addr", "off"}).parsed.options.common.admin_addr);
}

TEST(ServerOptions, ConnectionsFitTheLimitOfOpenFiles) {
    options wide;
    fit_file_limit(wide, 1'000'000);
    EXPECT_EQ(wide.max_connections, limits::max_connections);
    fit_file_limit(wide, 0);  // not known
    EXPECT_EQ(wide.max_connections, limits::max_connections);
    for (const std::size_t files : {20U, 64U, 256U, 1024U, 4096U}) {
        options o;
        fit_file_limit(o, files);
        EXPECT_LE(limits::own_files + o.max_connections + o.turned_away + o.max_handshakes, files + 2) << files;
        EXPECT_GE(o.max_connections, files / 20) << files;
        EXPECT_GE(o.max_handshakes, 2U) << files;
    }
}

TEST(ServerOptions, EveryFlagIsRead) {
    const auto r = run({"--http-addr",        "[::1]:1", "--tcp-addr=:2",      "--no-forwarded-headers",
                        "--response-timeout", "1s",      "--header-timeout",   "2s",
                        "--idle-timeout",     "3s",      "--body-timeout",     "4s",
                        "--drain-timeout",    "5s",      "--max-header-bytes", "8KiB",
                        "--max-connections",  "6",       "--max-in-flight",    "7",
                        "--threads",          "4",       "--log-level",        "debug",
                        "--log-format",       "json"});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.http_addr, (tunnel::address{"::1", 1}));
    EXPECT_EQ(o.tcp_addr, (tunnel::address{"0.0.0.0", 2}));
    EXPECT_FALSE(o.forwarded_headers);
    EXPECT_EQ(o.response_timeout, 1s);
    EXPECT_EQ(o.header_timeout, 2s);
    EXPECT_EQ(o.idle_timeout, 3s);
    EXPECT_EQ(o.body_timeout, 4s);
    EXPECT_EQ(o.drain_timeout, 5s);
    EXPECT_EQ(o.max_header_bytes, 8U * 1024);
    EXPECT_EQ(o.max_connections, 6U);
    EXPECT_EQ(o.max_in_flight, 7U);
    EXPECT_EQ(o.common.threads, 4U);
    EXPECT_EQ(o.common.log_level, "debug");
    EXPECT_EQ(o.common.format, log_format::json);
}

TEST(ServerOptions, EveryVariableIsRead) {
    const environment e{{"TUNNEL_HTTP_ADDR", "[::1]:1"},        {"TUNNEL_TCP_ADDR", "2"},
                        {"TUNNEL_NO_FORWARDED_HEADERS", "yes"}, {"TUNNEL_RESPONSE_TIMEOUT", "500ms"},
                        {"TUNNEL_MAX_IN_FLIGHT", "7"},          {"TUNNEL_THREADS", "2"},
                        {"TUNNEL_LOG_LEVEL", "warn"},           {"TUNNEL_LOG_FORMAT", "json"}};
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.http_addr, (tunnel::address{"::1", 1}));
    EXPECT_EQ(o.tcp_addr, (tunnel::address{"0.0.0.0", 2}));
    EXPECT_FALSE(o.forwarded_headers);
    EXPECT_EQ(o.response_timeout, 500ms);
    EXPECT_EQ(o.max_in_flight, 7U);
    EXPECT_EQ(o.common.threads, 2U);
    EXPECT_EQ(o.common.log_level, "warn");
    EXPECT_EQ(o.common.format, log_format::json);
}

TEST(ServerOptions, AFlagBeatsTheEnvironmentEvenABadOne) {
    const environment e{{"TUNNEL_HTTP_ADDR", "nonsense"}, {"TUNNEL_NO_FORWARDED_HEADERS", "1"}};
    const auto r = run({"--http-addr", "81", "--no-forwarded-headers=off"});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.http_addr, (tunnel::address{"0.0.0.0", 81}));
    EXPECT_TRUE(r.parsed.options.forwarded_headers);
}

TEST(ServerOptions, AnEmptyVariableIsUnset) {
    const environment e{{"TUNNEL_HTTP_ADDR", ""}, {"TUNNEL_THREADS", ""}};
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.http_addr, (tunnel::address{"0.0.0.0", 8080}));
}

TEST(ServerOptions, TheLastOfEqualFlagsCounts) {
    const auto r = run({"--threads", "2", "--threads=3"});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.common.threads, 3U);
}

TEST(ServerOptions, ABadValueIsOneLineThatNamesTheFlagAndTheFix) {
    expect_refused({"--http-addr", "host:x"},
                   R"(bad value "host:x" for --http-addr: give host:port, [ipv6]:port or a port from 0 to 65535)");
    expect_refused({"--threads", "0"}, R"(bad value "0" for --threads: give a number from 1 to 64)");
    expect_refused({"--threads", "-1"}, R"(bad value "-1" for --threads: give a number from 1 to 64)");
    expect_refused({"--max-in-flight", "1025"},
                   R"(bad value "1025" for --max-in-flight: give a number from 1 to 1024)");
    expect_refused({"--max-header-bytes", "2MiB"},
                   R"(bad value "2MiB" for --max-header-bytes: give a size from 1KiB to 1MiB)");
    expect_refused({"--idle-timeout=0"},
                   R"(bad value "0" for --idle-timeout: give a time from 1ms to 24h such as 30s, 500ms or 5m)");
    expect_refused({"--log-level", "loud"},
                   R"(bad value "loud" for --log-level: give one of trace, debug, info, warn, error, off)");
    expect_refused({"--log-format", "a\nb"}, R"(bad value "a\x0Ab" for --log-format: give text or json)");
    expect_refused({"--no-forwarded-headers=maybe"},
                   R"(bad value "maybe" for --no-forwarded-headers: give 1, true, yes, on or 0, false, no, off)");
}

TEST(ServerOptions, ABadVariableIsNamedAsSuch) {
    const environment e{{"TUNNEL_THREADS", "many"}};
    expect_refused({}, R"(bad value "many" for TUNNEL_THREADS: give a number from 1 to 64)");
}

TEST(ServerOptions, UnknownFlagsStrayArgumentsAndMissingValuesAreRefused) {
    expect_refused({"--nope"}, R"(unknown flag "--nope": see tunnel-server --help)");
    expect_refused({"--nope=1"}, R"(unknown flag "--nope=1": see tunnel-server --help)");
    expect_refused({"-x"}, R"(unknown flag "-x": see tunnel-server --help)");
    expect_refused({"start"}, R"(unexpected argument "start": see tunnel-server --help)");
    expect_refused({"--threads", "2", "0"}, R"(unexpected argument "0": see tunnel-server --help)");
    expect_refused({"--"}, R"(unexpected argument "--": see tunnel-server --help)");
    expect_refused({"--threads"}, "--threads needs a value: give a number from 1 to 64");
    expect_refused({"--threads="}, "--threads needs a value: give a number from 1 to 64");
}

TEST(ServerOptions, AnAddressWithoutItsSettingIsExplained) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"8080", "8080"},
        {"http://vps.example.com:8000/", "vps.example.com:8000"},
        {"http://vps.example.com", "vps.example.com:80"},
        {"0.0.0.0", "0.0.0.0:8080"},
        {":8000", "localhost:8000"},
        {"[::]:8000", "[::]:8000"}};
    for (const auto& [text, meant] : cases)
        expect_refused({text}, "unexpected argument \"" + text + "\": name the setting: --http-addr " + meant +
                                   " is where callers connect, --tcp-addr where the client does");
}

TEST(ServerOptions, AnAddressOfAnotherKindNamesTheOneThatIsMeant) {
    const std::string expects = "give host:port, [ipv6]:port or a port from 0 to 65535; ";
    expect_refused({"--http-addr", "http://0.0.0.0:8080"}, R"(bad value "http://0.0.0.0:8080" for --http-addr: )" +
                                                               expects + "without http://, such as 0.0.0.0:8080");
    expect_refused({"--tcp-addr", "vps.example.com"},
                   R"(bad value "vps.example.com" for --tcp-addr: )" + expects + "such as vps.example.com:7000");
    expect_refused({"--admin-addr", "http://127.0.0.1:9100/metrics"},
                   R"(bad value "http://127.0.0.1:9100/metrics" for --admin-addr: give off, host:port, [ipv6]:port or )"
                   "a port from 0 to 65535; without http://, such as 127.0.0.1:9100");
    const environment e{{"TUNNEL_HTTP_ADDR", "http://[::]:80"}};
    expect_refused(
        {}, R"(bad value "http://[::]:80" for TUNNEL_HTTP_ADDR: )" + expects + "without http://, such as [::]:80");
}

TEST(ServerOptions, HelpShowsFlagVariableAndDefaultIn100Columns) {
    const auto r = run({"--help"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_EQ(r.err, "");
    EXPECT_THAT(r.out, HasSubstr("  --http-addr HOST:PORT "));
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_HTTP_ADDR (default: 0.0.0.0:8080)"));
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_MAX_HEADER_BYTES (default: 60KiB)"));
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_RESPONSE_TIMEOUT (default: 300s)"));
    std::istringstream lines(r.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(ServerOptions, VersionNamesTheProgram) {
    const auto r = run({"--version"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_EQ(r.out, "tunnel-server 0.1.0\n");
}

}  // namespace

}  // namespace tunnel::server
