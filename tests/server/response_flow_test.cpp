#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/response_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;

TEST_F(ServerResponse, ALargeDownloadGetsItsCreditBack) {
    auto from = asked(get("/"));
    const std::string body(4 * 1024 * 1024, 'x');
    peer().respond(id, with_length(200, body.size()), {}, false);
    (void)from.read_until("\r\n\r\n");
    std::size_t sent = 0;
    std::size_t allowed = limits::initial_window;
    std::size_t got = 0;
    while (sent < body.size()) {
        const auto n = std::min<std::size_t>({allowed - sent, 50'000, body.size() - sent});
        if (n == 0) {
            got += from.read_exactly(sent - got).size();
            const auto more = peer().receive<protocol::window>();
            EXPECT_EQ(more.id, id);
            EXPECT_GE(more.bytes, limits::initial_window / 4);
            allowed += more.bytes;
            continue;
        }
        sent += n;
        peer().data(id, std::string_view(body).substr(0, n), sent == body.size());
    }
    got += from.read_exactly(sent - got).size();
    EXPECT_EQ(got, body.size());
}

TEST_F(ServerResponse, NoCreditComesBackForWhatTheCallerDoesNotRead) {
    auto from = caller();
    from.shrink_receive_buffer();
    from.send(get("/"));
    id = peer().receive<protocol::request>().id;
    peer().respond(id, response_head(200), {}, false);
    // Far more than all kernels in between hold; the credit that came must stop somewhere.
    std::size_t allowed = limits::initial_window;
    std::size_t sent = 0;
    bool stalled = false;
    while (!stalled && sent < 64 * limits::mib) {
        while (allowed - sent >= 64 * limits::kib) {
            peer().data(id, std::string(64 * limits::kib, 'x'));
            sent += 64 * limits::kib;
        }
        stalled = peer().raw().stays_silent(100ms);
        if (!stalled) allowed += peer().receive<protocol::window>().bytes;
    }
    EXPECT_TRUE(stalled);
    expect_alive();
}

TEST_F(ServerResponse, OneAnswerDoesNotHoldUpAnother) {
    auto slow = asked(get("/slow"));
    const auto slow_id = id;
    auto fast = asked(get("/fast"));
    peer().respond(id, with_length(200, 4), "fast");
    EXPECT_THAT(read_response(fast), HasSubstr("fast"));
    peer().respond(slow_id, with_length(200, 4), "slow");
    EXPECT_THAT(read_response(slow), HasSubstr("slow"));
}

TEST_F(ServerResponse, HundredsOfAnswersInAnyOrderReachTheirCallers) {
    std::vector<test::raw_peer> callers;
    std::vector<std::pair<protocol::stream_id, std::string>> open;
    for (int i = 0; i < 200; ++i) {
        callers.push_back(caller());
        callers.back().send(get("/" + std::to_string(i)));
        const auto request = peer().receive<protocol::request>();
        open.emplace_back(request.id, request.head.target);
    }
    for (auto at = open.rbegin(); at != open.rend(); ++at) peer().respond(at->first, response_head(200), at->second);
    for (std::size_t i = 0; i < callers.size(); ++i) {
        EXPECT_THAT(read_response(callers[i]), HasSubstr("\r\n/" + std::to_string(i) + "\r\n"));
    }
}

}  // namespace

}  // namespace tunnel::server
