#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using test::get;
using test::read_response;

/// The ids that the server makes for requests without an X-Request-Id.
class ServerRequestId : public test::server_fixture {
 protected:
    static void answer(test::frame_peer& peer) {
        peer.respond(peer.receive<protocol::request>().id, test::response_head(204));
    }

    /// Of all requests, once the server has ended.
    std::set<std::string> ids() {
        stop();
        expect_drained();
        std::set<std::string> all;
        for (const auto& line : test::request_log()) {
            const auto at = line.find(" id=") + 1;
            all.insert(line.substr(at, line.find(' ', at) - at));
        }
        return all;
    }
};

TEST_F(ServerRequestId, IdsOfAKeptConnectionDoNotRepeatWhenAnotherClientConnects) {
    start();
    auto peer = client();
    auto from = caller();
    for (const auto* path : {"/1", "/2"}) {
        from.send(get(path));
        answer(peer);
        (void)read_response(from);
    }
    auto next = client();
    for (const auto* path : {"/3", "/4"}) {
        from.send(get(path));
        answer(next);
        (void)read_response(from);
    }
    next.raw().close();
    EXPECT_THAT(ids(), testing::ElementsAre("id=1.1", "id=1.2", "id=1.3", "id=1.4"));
}

TEST_F(ServerRequestId, ARequestThatIsNotForwardedHasAnIdOfItsOwnToo) {
    settings.connections_before = 47;
    start();
    auto from = caller();
    for (int i = 0; i < 2; ++i) {
        from.send(get("/"));
        (void)read_response(from);
        from.send("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
        (void)read_response(from);
    }
    EXPECT_THAT(ids(), testing::ElementsAre("id=48.1", "id=48.2", "id=48.3", "id=48.4"));
}

}  // namespace

}  // namespace tunnel::server
