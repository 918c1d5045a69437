#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "support/server_fixture.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::get;
using test::read_response;
using testing::HasSubstr;

/// Which client is active, and what becomes of the one before it.
using ServerActiveClient = test::server_fixture;

TEST_F(ServerActiveClient, TheNewestClientWinsAndTheOneBeforeIsToldAndClosed) {
    start();
    auto before = client();
    auto newest = client();
    const auto goodbye = before.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::replaced);
    EXPECT_EQ(goodbye.detail, "replaced by the client at 127.0.0.1:" + std::to_string(newest.raw().local_port()));
    before.raw().expect_closed();
    expect_served_by(newest);
}

TEST_F(ServerActiveClient, RequestsOfAReplacedClientFailWith502) {
    start();
    auto before = client();
    auto from = caller();
    from.send(get("/"));
    (void)before.receive<protocol::request>();
    auto newest = client();
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: replaced\r\n"));
    expect_goaway(before, goaway_reason::replaced);
    expect_served_by(newest);
}

TEST_F(ServerActiveClient, AReplacedClientThatDoesNotCloseIsClosedAndNotWaitedFor) {
    times.goaway = 50ms;
    start();
    auto before = client();
    auto newest = client();
    expect_served_by(newest);
    expect_goaway(before, goaway_reason::replaced);
}

std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(ServerActiveClient, AFloodOfTakeoversIsBoundedInConnectionsAndLogLines) {
    times.goaway = 2 * test::patience;  // none is closed because its time is up
    start();
    constexpr auto count = limits::max_handshakes + limits::logged_peers;
    const auto before = open_files() + 4;  // what the event loop opens when it is used first
    std::vector<test::frame_peer> peers;
    for (std::size_t i = 0; i < count; ++i) peers.push_back(client());
    const auto until = std::chrono::steady_clock::now() + test::patience;
    while (open_files() > before + count + limits::max_handshakes && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_LE(open_files(), before + count + limits::max_handshakes);
    const auto lines = log.lines_with("connected (");
    const auto shown = std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("info"); });
    EXPECT_EQ(static_cast<std::uint64_t>(shown), limits::logged_peers);
    expect_served_by(peers.back());
}

TEST_F(ServerActiveClient, ResponsesOfAReplacedClientGoNowhere) {
    start();
    auto before = client();
    auto from = caller();
    from.send(get("/"));
    const auto request = before.receive<protocol::request>();
    auto newest = client();
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: replaced\r\n"));
    before.respond(request.id, test::response_head(200), "late");
    expect_goaway(before, goaway_reason::replaced);
    from.send(get("/again"));
    const auto again = newest.receive<protocol::request>();
    newest.respond(again.id, test::response_head(200), "right");
    EXPECT_THAT(read_response(from), HasSubstr("right"));
}

TEST_F(ServerActiveClient, WithoutTakeoverAClientIsToldBusyAndTheActiveOneStays) {
    start();
    auto active = client();
    test::frame_peer other{test::raw_peer(tunnel_port())};
    other.say_hello(false);
    const auto goodbye = other.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::busy);
    EXPECT_EQ(goodbye.detail, "another client is active, at 127.0.0.1:" + std::to_string(active.raw().local_port()));
    other.raw().expect_closed();
    expect_served_by(active);
}

class ServerActiveClientOfNamed : public ServerActiveClient {
 protected:
    [[nodiscard]] test::frame_peer connect(std::string instance) const {
        test::frame_peer peer{test::raw_peer(tunnel_port())};
        peer.say_hello_as(std::move(instance));
        return peer;
    }
    [[nodiscard]] test::frame_peer active(std::string instance) const {
        auto peer = connect(std::move(instance));
        (void)peer.receive<protocol::hello>();
        peer.leave_first_ping();
        return peer;
    }
};

TEST_F(ServerActiveClientOfNamed, AClientThatWasNotReachedWhenItWasReplacedIsToldAtItsReturn) {
    start();
    auto asleep = active("a");
    auto newest = active("b");
    asleep.raw().reset();
    auto back = connect("a");
    const auto goodbye = back.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::replaced);
    EXPECT_THAT(goodbye.detail, HasSubstr("replaced by the client at 127.0.0.1:"));
    back.raw().expect_closed();
    expect_served_by(newest);
}

TEST_F(ServerActiveClientOfNamed, AClientTakesOverFromItsOwnLostConnection) {
    start();
    auto lost = active("a");
    auto again = active("a");
    expect_goaway(lost, goaway_reason::replaced);
    auto third = active("a");
    expect_served_by(third);
}

TEST_F(ServerActiveClientOfNamed, OnceActiveAgainAReplacedClientMayTakeOver) {
    start();
    auto first = active("a");
    auto second = active("b");
    second.send(protocol::goaway{goaway_reason::shutdown, ""});
    second.raw().expect_closed();
    first = active("a");
    auto third = active("c");
    auto back = connect("a");
    EXPECT_EQ(back.receive<protocol::goaway>().reason, goaway_reason::replaced);
    third.send(protocol::goaway{goaway_reason::shutdown, ""});
    third.raw().expect_closed();
    first = active("a");
    auto fourth = active("b");  // was active before "a" was: not replaced by any
    expect_served_by(fourth);
}

TEST_F(ServerActiveClientOfNamed, OnlySoManyReplacedClientsAreRemembered) {
    start();
    auto peer = active("first");
    for (std::size_t i = 0; i <= limits::replaced_clients; ++i) {
        auto next = active("later " + std::to_string(i));
        expect_goaway(peer, goaway_reason::replaced);
        peer = std::move(next);
    }
    auto forgotten = active("first");
    expect_served_by(forgotten);
}

TEST_F(ServerActiveClient, WithoutTakeoverAClientBecomesActiveWhereNoneIs) {
    start();
    auto peer = client(false);
    expect_served_by(peer);
}

TEST_F(ServerActiveClient, OnceTheActiveClientLeftAStandbyBecomesActive) {
    start();
    auto active = client();
    active.raw().close();
    const auto until = std::chrono::steady_clock::now() + test::patience;
    for (;;) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
        test::frame_peer standby{test::raw_peer(tunnel_port())};
        standby.say_hello(false);
        const auto answer = standby.receive_any();
        if (!std::holds_alternative<protocol::hello>(answer)) continue;
        expect_served_by(standby);
        break;
    }
}

TEST_F(ServerActiveClient, AClientThatLeftIs503) {
    start();
    auto peer = client();
    peer.raw().shutdown_send();
    peer.raw().expect_closed();
    auto from = caller();
    from.send(get("/"));
    EXPECT_THAT(read_response(from), HasSubstr("503 Service Unavailable\r\n"));
}

TEST_F(ServerActiveClient, ANewClientAfterOneThatLeftServes) {
    start();
    for (int i = 0; i < 20; ++i) {
        auto peer = client();
        expect_served_by(peer);
        peer.raw().reset();
    }
}

TEST_F(ServerActiveClient, AStoppingServerMakesNoClientActiveAndKeepsTheOneItHas) {
    start();
    auto active = client();
    auto open = caller();
    open.send(get("/open"));
    const auto request = active.receive<protocol::request>();
    stop();
    log.expect_lines_with("stopping: ", 1);
    test::frame_peer late{test::raw_peer(tunnel_port())};
    late.say_hello();
    expect_goaway(late, goaway_reason::shutdown);
    late.raw().close();
    active.respond(request.id, test::response_head(200), "done");
    EXPECT_THAT(open.read_to_end(), HasSubstr("done"));
}

}  // namespace

}  // namespace tunnel::server
