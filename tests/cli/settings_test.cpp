// Settings of the real programs: flags, variables, files, and what is printed where one is wrong.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "cli/running_server.hpp"
#include "cli/tcp_socket.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel {

namespace {

using test::child;
using test::temporary_folder;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

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

}  // namespace

}  // namespace tunnel
