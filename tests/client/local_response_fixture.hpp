#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "support/client_fixture.hpp"

namespace tunnel::client {

/// What the local app responds, and the frames that the server receives.
class ClientLocalResponse : public test::client_fixture {
 protected:
    void SetUp() override { server_ = std::make_unique<test::frame_peer>(started()); }

    test::frame_peer& server() { return *server_; }

    /// The app's connection, with a request of stream `id` read off it.
    test::raw_peer asked(std::string_view method = "GET") {
        server().request(++id, test::request_head(method, "/"));
        auto local = app.accept();
        (void)test::read_head(local);
        return local;
    }

    std::string head_text(std::string_view rest) {
        return R"({"type":"response","id":)" + std::to_string(id) + std::string(rest);
    }

    void expect_502(std::string_view error) {
        const auto response = server().receive<protocol::response>();
        EXPECT_EQ(response.head.status, 502U);
        EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), error);
        EXPECT_EQ(response.head.content_length, response.body.size());
        EXPECT_TRUE(response.end);
    }

    protocol::stream_id id = 0;

 private:
    std::unique_ptr<test::frame_peer> server_;
};

}  // namespace tunnel::client
