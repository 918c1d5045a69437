#include "app/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "app/metrics_text.hpp"

namespace tunnel::app {

namespace {

using namespace std::chrono_literals;

void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

TEST(ServiceManager, WithoutSystemdDoesNothing) {
    service_manager manager;
    manager.notify("READY=1");
    EXPECT_FALSE(manager.take_socket("http"));
    EXPECT_FALSE(manager.watchdog());
}

TEST(ServiceManager, HandsOutPassedSocketsByNameOnce) {
    set("LISTEN_PID", std::to_string(getpid()));
    set("LISTEN_FDS", "2");
    set("LISTEN_FDNAMES", "http:tcp");
    service_manager manager;
    EXPECT_EQ(manager.take_socket("tcp"), 4);
    EXPECT_EQ(manager.take_socket("http"), 3);
    EXPECT_FALSE(manager.take_socket("http"));
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST(ServiceManager, LeavesSocketsThatAreForAnotherProcess) {
    set("LISTEN_PID", "1");
    set("LISTEN_FDS", "1");
    set("LISTEN_FDNAMES", "http");
    service_manager manager;
    EXPECT_FALSE(manager.take_socket("http"));
}

TEST(ServiceManager, LeavesSocketsThatNoOneCanPass) {
    for (const auto* count : {"-1", "x", "", "100000000000"}) {
        set("LISTEN_PID", std::to_string(getpid()));
        set("LISTEN_FDS", count);
        set("LISTEN_FDNAMES", "http");
        service_manager manager;
        EXPECT_FALSE(manager.take_socket("http")) << count;
    }
}

TEST(ServiceManager, ReadsHowOftenTheWatchdogWantsASign) {
    set("WATCHDOG_PID", std::to_string(getpid()));
    set("WATCHDOG_USEC", "30000000");
    EXPECT_EQ(service_manager().watchdog(), 30s);
    set("WATCHDOG_PID", "1");
    set("WATCHDOG_USEC", "30000000");
    EXPECT_EQ(service_manager().watchdog(), std::nullopt);
}

#ifdef __linux__
TEST(ServiceManager, NotifiesOnAnAbstractSocket) {
    const auto name = "@tunnel-test-" + std::to_string(getpid());
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    name.copy(static_cast<char*>(where.sun_path), name.size());
    where.sun_path[0] = '\0';
    const int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(bind(receiver, reinterpret_cast<const sockaddr*>(&where), size), 0);
    set("NOTIFY_SOCKET", name);
    service_manager manager;
    manager.notify("READY=1\nSTATUS=serving");
    std::array<char, 64> bytes{};
    const auto n = recv(receiver, bytes.data(), bytes.size(), MSG_DONTWAIT);
    EXPECT_EQ(std::string(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))), "READY=1\nSTATUS=serving");
    close(receiver);
}
#endif

TEST(MetricsText, EndsEachHistogramWithItsCount) {
    statistics counted;
    counted.enable();
    counted.request_ended(200, 2ms, {3, 5});
    counted.failed("no-client");
    const auto text = metrics_text("tunnel-server", counted.now());
    for (const auto* line : {"# TYPE tunnel_request_duration_seconds histogram\n",
                             "tunnel_request_duration_seconds_bucket{le=\"0.001\"} 0\n",
                             "tunnel_request_duration_seconds_bucket{le=\"0.005\"} 1\n",
                             "tunnel_request_duration_seconds_bucket{le=\"+Inf\"} 1\n",
                             "tunnel_request_duration_seconds_count 1\n", "tunnel_request_duration_seconds_sum 0.002\n",
                             "tunnel_failures_total{cause=\"no-client\"} 1\n", "tunnel_response_body_bytes_total 5\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

}  // namespace

}  // namespace tunnel::app
