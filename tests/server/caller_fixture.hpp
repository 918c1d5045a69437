#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/server_fixture.hpp"

namespace tunnel::server {

/// The public connection itself: what callers do with it, and its limits.
class ServerCaller : public test::server_fixture {
 protected:
    ServerCaller() { settings.forwarded_headers = false; }

    static void answer(test::frame_peer& peer, std::string_view body) {
        const auto request = peer.receive<protocol::request>();
        auto head = test::response_head(200, {}, "OK");
        head.content_length = body.size();
        peer.respond(request.id, head, body);
    }

    /// What is refused is answered, and nothing behind it is looked at.
    void expect_refused(const std::string& bytes, unsigned status) {
        SCOPED_TRACE(bytes.substr(0, 200));
        auto from = caller();
        from.send(bytes + test::get("/smuggled"));
        from.shutdown_send();
        const auto all = from.read_to_any_end();
        EXPECT_THAT(all, testing::StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
        EXPECT_THAT(all, testing::HasSubstr("\r\nConnection: close\r\n"));
        EXPECT_THAT(all, testing::HasSubstr("\r\nX-Tunnel-Error: bad-request\r\n"));
        EXPECT_EQ(all.find("\r\nDate: "), all.rfind("\r\nDate: ")) << all;
    }
};

}  // namespace tunnel::server
