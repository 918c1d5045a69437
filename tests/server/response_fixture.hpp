#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "support/server_fixture.hpp"

namespace tunnel::server {

/// Frames that the client says, and the bytes that the caller gets.
class ServerResponse : public test::server_fixture {
 protected:
    ServerResponse() { settings.forwarded_headers = false; }

    void SetUp() override {
        start();
        peer_ = std::make_unique<test::frame_peer>(client());
    }

    test::frame_peer& peer() { return *peer_; }

    /// Sends a request and has the client hear it.
    test::raw_peer asked(std::string_view request) {
        auto from = caller();
        from.send(request);
        id = peer().receive<protocol::request>().id;
        return from;
    }

    /// The link lived through whatever came before.
    void expect_alive() {
        auto from = caller();
        from.send(test::get("/alive"));
        for (;;) {
            auto m = peer().receive_any();
            if (std::holds_alternative<protocol::cancel>(m)) continue;
            if (std::holds_alternative<protocol::closed_connection>(m)) continue;
            ASSERT_TRUE(std::holds_alternative<protocol::request>(m)) << test::describe(m);
            id = std::get<protocol::request>(m).id;
            break;
        }
        peer().respond(id, test::response_head(200), "yes");
        EXPECT_THAT(test::read_response(from), testing::HasSubstr("yes"));
    }

    static http::response_head with_length(unsigned status, std::uint64_t length, const test::lines& fields = {},
                                           std::string_view reason = {}) {
        auto head = test::response_head(status, fields, reason);
        head.content_length = length;
        return head;
    }

    protocol::stream_id id = 0;

 private:
    std::unique_ptr<test::frame_peer> peer_;
};

}  // namespace tunnel::server
