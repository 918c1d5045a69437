#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/client_fixture.hpp"

namespace tunnel::client {

namespace {

using protocol::cancel_reason;
using test::request_head;
using testing::HasSubstr;

class ClientEcho : public test::client_fixture {
 protected:
    ClientEcho() { settings.echo = true; }
};

TEST_F(ClientEcho, ItIsNamedWhereItConnects) {
    auto server = started();
    EXPECT_THAT(said(1).at(0), testing::EndsWith(" local=echo"));
}

TEST_F(ClientEcho, ARequestIsDescribedAsJson) {
    auto server = started();
    auto head = request_head("POST", "/a?b=c", {{"Host", "a"}, {"X", "\xe9"}});
    head.content_length = 5;
    server.request(1, head, "hello");
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.fields.find("Content-Type"), "application/json");
    EXPECT_EQ(response.head.content_length, response.body.size());
    EXPECT_EQ(response.body.view(),
              "{\n  \"method\": \"POST\",\n  \"path\": \"/a?b=c\",\n  \"headers\": [\n    [\n      \"Host\",\n      "
              "\"a\"\n    ],\n"
              "    [\n      \"X\",\n      \"\xc3\xa9\"\n    ]\n  ],\n  \"body\": {\n    \"size\": 5,\n    \"sha256\": "
              "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"\n  }\n}\n");
}

TEST_F(ClientEcho, AStreamedBodyIsTakenAndCreditedToItsEnd) {
    auto server = started();
    server.request(1, request_head("POST", "/"), {}, false);
    std::size_t allowed = limits::initial_window;
    std::size_t sent = 0;
    const std::size_t size = 1024 * 1024;
    while (sent < size) {
        if (allowed - sent < 16 * 1024) {
            allowed += server.receive<protocol::window>().bytes;
            continue;
        }
        sent += 16 * 1024;
        server.data(1, std::string(16 * 1024, 'x'), sent == size,
                    sent == size ? test::lines{{"X-Sum", "1"}} : test::lines{});
    }
    for (;;) {
        auto m = server.receive_any();
        if (std::holds_alternative<protocol::window>(m)) continue;
        ASSERT_TRUE(std::holds_alternative<protocol::response>(m)) << test::describe(m);
        const auto text = std::string(std::get<protocol::response>(m).body.view());
        EXPECT_THAT(text, HasSubstr("\"size\": 1048576"));
        EXPECT_THAT(text, HasSubstr("X-Sum"));
        break;
    }
}

TEST_F(ClientEcho, HeadHasNoBody) {
    auto server = started();
    server.request(1, request_head("HEAD", "/"));
    const auto response = server.receive<protocol::response>();
    EXPECT_GT(response.head.content_length.value_or(0), 0U);
    EXPECT_TRUE(response.body.empty());
}

TEST_F(ClientEcho, ExpectContinueIsSatisfied) {
    auto server = started();
    auto head = request_head("POST", "/", {{"Host", "a"}, {"Expect", "100-Continue"}});
    head.content_length = 5;
    server.request(1, head, {}, false);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 100U);
    server.data(1, "hello", true);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 200U);
}

TEST_F(ClientEcho, ACancelledRequestLeavesNothingBehind) {
    auto server = started();
    server.request(1, request_head("POST", "/"), "x", false);
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

}  // namespace

}  // namespace tunnel::client
