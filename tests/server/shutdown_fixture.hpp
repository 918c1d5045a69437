#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/server_fixture.hpp"

namespace tunnel::server {

class ServerShutdown : public test::server_fixture {
 protected:
    const testing::Matcher<std::string> expected_refusal =
        testing::AllOf(testing::StartsWith("HTTP/1.1 503 "), testing::HasSubstr("X-Tunnel-Error: shutting-down\r\n"),
                       testing::HasSubstr("Connection: close\r\n"));

    /// A caller whose request has reached the client.
    [[nodiscard]] test::raw_peer asking(test::frame_peer& peer,
                                        std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
        auto from = caller();
        from.send(request);
        last_id = peer.receive<protocol::request>().id;
        return from;
    }

    protocol::stream_id last_id = 0;
};

}  // namespace tunnel::server
