#include "server/greeting.hpp"

#include <gtest/gtest.h>

namespace tunnel::server {
namespace {

TEST(ServerGreeting, SaysWhereCallersAndClientsConnect) {
    EXPECT_EQ(
        greeting({"", {"127.0.0.1", 8080}, {"10.0.0.1", 7000}, ""}),
        "\nReady\n  Callers     http://127.0.0.1:8080\n  Clients     tunnel-client --server-addr 10.0.0.1:7000 PORT");
}

TEST(ServerGreeting, NamesNoAddressThatNobodyCanConnectTo) {
    EXPECT_EQ(greeting({"", {"0.0.0.0", 8080}, {"::", 7000}, "127.0.0.1:9090"}),
              "\nReady\n  Callers     http://HOST:8080\n  Clients     tunnel-client --server-addr HOST:7000 PORT\n"
              "  Metrics     http://127.0.0.1:9090/metrics\n  HOST        a name or an address of this machine");
}

TEST(ServerGreeting, APublicUrlStandsForTheAddressOfCallers) {
    EXPECT_EQ(greeting({"https://hooks.example.com", {"0.0.0.0", 8080}, {"127.0.0.1", 7000}, ""}),
              "\nReady\n  Callers     https://hooks.example.com\n"
              "  Clients     tunnel-client --server-addr 127.0.0.1:7000 PORT");
}

TEST(ServerGreeting, ScriptsGetOneLine) {
    EXPECT_EQ(ready_line({"", {"0.0.0.0", 8080}, {"::1", 7000}, ""}), "ready http=0.0.0.0:8080 tcp=[::1]:7000");
    EXPECT_EQ(ready_line({"", {"0.0.0.0", 8080}, {"::1", 7000}, "127.0.0.1:9090"}),
              "ready http=0.0.0.0:8080 tcp=[::1]:7000 admin=127.0.0.1:9090");
}

}  // namespace
}  // namespace tunnel::server
