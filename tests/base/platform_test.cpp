#include "base/platform.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "io/asio.hpp"
#include "support/raw_peer.hpp"

namespace tunnel {
namespace {

#ifdef __linux__
TEST(Platform, TheKernelSaysWhatARoundTripCarries) {
    const test::raw_listener listener;
    io::asio::io_context context;
    io::tcp::socket socket(context);
    socket.connect({io::asio::ip::address_v4::loopback(), listener.port()});
    EXPECT_GT(bytes_per_round_trip(socket.native_handle()), 0U);
}
#endif

TEST(Platform, APipeThatIsFullTakesNothingUntilItIsReadOrClosed) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    EXPECT_TRUE(takes_bytes(ends[1]));
    ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const std::string bytes(4096, 'x');
    while (write(ends[1], bytes.data(), bytes.size()) > 0) continue;
    EXPECT_FALSE(takes_bytes(ends[1]));
    close(ends[0]);
    EXPECT_TRUE(takes_bytes(ends[1]));  // the write says what is wrong
    close(ends[1]);
}

#ifdef __linux__
TEST(Platform, AThreadThatRunsWhenIdleIsTheOnlyOne) {
    const auto policy_of_this_thread = [] {
        int policy = -1;
        sched_param parameters{};
        pthread_getschedparam(pthread_self(), &policy, &parameters);
        return policy;
    };
    const auto before = policy_of_this_thread();
    int there = -1;
    std::thread([&] {
        run_when_idle();
        there = policy_of_this_thread();
    }).join();
    EXPECT_EQ(there, SCHED_IDLE);
    EXPECT_EQ(policy_of_this_thread(), before);
}
#endif

TEST(Platform, TheJournalIsTheFileThatTheServiceManagerNamed) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    struct stat found{};
    ASSERT_EQ(fstat(ends[1], &found), 0);
    const auto device = std::to_string(found.st_dev);
    const auto inode = std::to_string(found.st_ino);
    unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(is_journal(ends[1]));
    for (const auto& value : {device + ":" + inode + "0", device + ":", device, inode + "x", std::string()}) {
        setenv("JOURNAL_STREAM", value.c_str(), 1);
        EXPECT_FALSE(is_journal(ends[1])) << value;
    }
    setenv("JOURNAL_STREAM", (device + ":" + inode).c_str(), 1);
    EXPECT_TRUE(is_journal(ends[1]));
    EXPECT_FALSE(is_journal(-1));
    unsetenv("JOURNAL_STREAM");
    close(ends[0]);
    close(ends[1]);
}

TEST(Platform, WhatIsNoSocketCarriesNothing) { EXPECT_EQ(bytes_per_round_trip(-1), 0U); }

}  // namespace
}  // namespace tunnel
