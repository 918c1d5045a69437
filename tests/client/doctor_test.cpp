#include "client/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "support/frame_peer.hpp"
#include "support/local_app.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using testing::HasSubstr;
using verdict = finding::verdict;

/// What the doctor says of a server and an app that a test scripts. Real programs are in tests/e2e/doctor.py.
class Doctor : public testing::Test {
 protected:
    Doctor() {
        settings.server_addr = {"127.0.0.1", server.port()};
        settings.local_port = app.port();
        settings.echo = true;
    }

    /// Runs it; `script` plays the server meanwhile, on a thread of its own.
    void examine(const std::function<void(test::frame_peer)>& script) {
        std::thread peer([&] {
            try {
                script(test::frame_peer(server.accept()));
            } catch (const test::peer_error& error) {
                ADD_FAILURE() << error.what();
            }
        });
        run();
        peer.join();
    }

    void run() {
        io::runtime runtime(1);
        const auto strand = runtime.new_strand();
        doctor examiner(strand, settings, [this](const finding& found) {
            const std::scoped_lock lock(mutex_);
            found_.push_back(found);
            more_.notify_one();
        });
        io::spawn(strand, "doctor", [&]() -> io::awaitable<void> { return examiner.examine(); }, [] {});
        runtime.run();
        healthy = examiner.healthy();
    }

    /// A server whose clock is so far ahead of ours.
    void examine_clock(std::chrono::milliseconds ahead) {
        examine([ahead](test::frame_peer peer) {
            (void)peer.receive<protocol::hello>();
            protocol::hello ours;
            ours.window = ours.max_streams = 1;
            ours.probe = true;
            const auto theirs = std::chrono::system_clock::now().time_since_epoch() + ahead;
            ours.time =
                static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(theirs).count());
            peer.send(ours);
            peer.raw().close();
        });
    }

    void expect(verdict is, std::string_view about, const std::string& part) {
        for (const auto& each : found_) {
            if (each.about != about) continue;
            EXPECT_EQ(each.is, is) << each.text;
            EXPECT_THAT(each.text, HasSubstr(part));
            return;
        }
        ADD_FAILURE() << "nothing is said about " << about;
    }

    test::raw_listener server;
    test::local_app app;
    options settings;
    bool healthy = false;

    /// On the thread of the script.
    void wait_until_said(std::string_view about) {
        std::unique_lock lock(mutex_);
        const auto is_said = [&] {
            return std::ranges::any_of(found_, [about](const finding& each) { return each.about == about; });
        };
        EXPECT_TRUE(more_.wait_for(lock, 60s, is_said)) << about;
    }

 private:
    std::mutex mutex_;
    std::condition_variable more_;
    std::vector<finding> found_;
};

TEST_F(Doctor, TellsWhoGreetsAndWhereCallersReachIt) {
    examine([](test::frame_peer peer) {
        const auto theirs = peer.receive<protocol::hello>();
        EXPECT_TRUE(theirs.probe);
        EXPECT_FALSE(theirs.takeover);
        protocol::hello ours;
        ours.agent = "some-server/1";
        ours.window = 1;
        ours.max_streams = 1;
        ours.probe = true;
        ours.public_url = "https://hooks.example.com";
        peer.send(ours);
        for (std::uint64_t nonce = 1; nonce <= limits::doctor_pings; ++nonce) {
            EXPECT_EQ(std::get<protocol::ping>(peer.receive_any()).nonce, nonce);
            peer.send(protocol::pong{nonce});
        }
        peer.expect_end();
    });
    expect(verdict::good, "handshake", "some-server/1, which callers reach at https://hooks.example.com");
    expect(verdict::good, "round trip", " ms");
    expect(verdict::good, "app", "--echo");
    EXPECT_TRUE(healthy);
}

TEST_F(Doctor, ClocksThatAgreeAreGood) {
    examine_clock(0s);
    expect(verdict::good, "clock", "apart from the server's");
    EXPECT_TRUE(healthy);
}

TEST_F(Doctor, AClockSomeSecondsOffIsNoted) {
    examine_clock(30s);
    expect(verdict::note, "clock", " s behind the server's");
    EXPECT_TRUE(healthy);
}

TEST_F(Doctor, AClockThatMisleadsSignaturesIsWrong) {
    examine_clock(-300s);
    expect(verdict::wrong, "clock", " s ahead of the server's");
    EXPECT_FALSE(healthy);
}

TEST_F(Doctor, AnOlderServerThatMakesItTheClientIsLeftAtOnce) {
    examine([](test::frame_peer peer) {
        (void)peer.receive<protocol::hello>();
        peer.say_hello();
        EXPECT_EQ(peer.raw().read_to_any_end(), "");
    });
    expect(verdict::note, "handshake", "older");
    EXPECT_TRUE(healthy);
}

TEST_F(Doctor, AnOlderServerWithAClientRefusesIt) {
    examine([](test::frame_peer peer) {
        EXPECT_FALSE(peer.receive<protocol::hello>().takeover);
        peer.send(protocol::goaway{goaway_reason::busy, "another client is active", {}});
        peer.expect_end();
    });
    expect(verdict::note, "handshake", "another client is active");
    EXPECT_TRUE(healthy);
}

TEST_F(Doctor, AnotherVersionIsNamed) {
    examine([](test::frame_peer peer) {
        (void)peer.receive<protocol::hello>();
        peer.send(protocol::goaway{goaway_reason::version, "this server speaks 2", {2}});
        peer.expect_end();
    });
    expect(verdict::wrong, "handshake", "this server speaks 2");
}

TEST_F(Doctor, WhatIsNoServerIsNamed) {
    examine([](test::frame_peer peer) {
        (void)peer.receive<protocol::hello>();
        peer.raw().send("SSH-2.0-OpenSSH_9.2\r\n");
        peer.expect_end();
    });
    expect(verdict::wrong, "handshake", "it speaks SSH");
    EXPECT_FALSE(healthy);
}

TEST_F(Doctor, AServerThatClosesIsNamed) {
    examine([](test::frame_peer peer) {
        (void)peer.receive<protocol::hello>();
        peer.raw().close();
    });
    expect(verdict::wrong, "handshake", "without sending anything");
}

// What the second finding says comes after hello_time; the first is there long before.
TEST_F(Doctor, WhatIsWaitedForIsSaidBeforeTheWaitEnds) {
    examine([this](test::frame_peer peer) {
        (void)peer.receive<protocol::hello>();
        wait_until_said("handshake");
        peer.raw().close();
    });
    expect(verdict::note, "handshake", "sends nothing yet");
    EXPECT_FALSE(healthy);
}

TEST_F(Doctor, NothingListens) {
    settings.server_addr.port = test::refusing_port();
    settings.local_port = test::refusing_port();
    settings.echo = false;
    run();
    expect(verdict::wrong, "connection", "start tunnel-server");
    expect(verdict::wrong, "app", "start the app");
}

TEST_F(Doctor, AnAppThatClosesIsNamed) {
    settings.server_addr.port = test::refusing_port();
    settings.echo = false;
    std::thread closes([this] {
        auto first = app.accept();
        (void)read_head(first);
        first.close();
        auto second = app.accept();  // the question whether it speaks TLS
        second.close();
    });
    run();
    closes.join();
    expect(verdict::wrong, "app", "closes the connection without a reply");
}

TEST_F(Doctor, AnAppThatIsNotHttpIsNamed) {
    settings.server_addr.port = test::refusing_port();
    settings.echo = false;
    std::thread other([this] {
        auto first = app.accept();
        (void)read_head(first);
        first.send("220 mail.example.com ESMTP ready\r\n");
        auto second = app.accept();
        second.send("220 mail.example.com ESMTP ready\r\n");
        (void)second.read_to_any_end();
    });
    run();
    other.join();
    expect(verdict::wrong, "app", "does not speak HTTP");
}

}  // namespace

}  // namespace tunnel::client
