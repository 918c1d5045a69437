#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client/app_stand_in.hpp"
#include "io/runtime.hpp"
#include "support/client_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Responds as a test says, and notes what it was asked.
class scripted_stand_in final : public app_stand_in {
 public:
    bool before = false;         ///< it responds before the app is asked
    bool absent = true;          ///< it responds where the app is not there
    bool gives_nothing = false;  ///< there is no response after all
    response given;

    [[nodiscard]] bool precedes_app() const noexcept override { return before; }

    [[nodiscard]] maker choose(const protocol::request& request, moment when) override {
        const auto early = when == moment::before_app;
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back((early ? "before " : "absent ") + request.head.method + " " + request.head.target + " " +
                             std::string(request.body.view()));
        }
        if (!(early ? before : absent)) return {};
        return [this](const io::executor& strand, responded done) {
            io::post_to(strand,
                        [this, done = std::move(done)] { done(gives_nothing ? std::nullopt : std::optional(given)); });
        };
    }

    [[nodiscard]] std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

 private:
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
};

/// What responds in the app's place, as the server receives it.
class ClientStandIn : public test::client_fixture {
 protected:
    ClientStandIn() {
        stand_in->given.head.status = 201;
        stand_in->given.head.fields.add("X-Tunnel-Stub", "7");
        stand_in->given.body = "made here";
        stand_in->given.rule = 7;
        settings.stand_in = stand_in;
    }

    [[nodiscard]] static std::string text(protocol::stream_id id, std::string_view rest) {
        return R"({"type":"response","id":)" + std::to_string(id) + std::string(rest);
    }

    std::shared_ptr<scripted_stand_in> stand_in = std::make_shared<scripted_stand_in>();
};

constexpr std::string_view whole_response =
    R"(,"status":201,"reason":"Created","headers":[["X-Tunnel-Stub","7"]],"content_length":9,"end":true,)"
    R"("body":"bWFkZSBoZXJl"})";

TEST_F(ClientStandIn, RespondsWhereNothingListens) {
    app.listener().close();
    auto server = started();
    server.request(1, request_head("GET", "/a"));
    EXPECT_EQ(server.receive_text(), text(1, whole_response));
    EXPECT_THAT(stand_in->asked(), ElementsAre("absent GET /a "));
    const auto until = std::chrono::steady_clock::now() + test::patience;
    while (request_lines().empty() && std::chrono::steady_clock::now() < until) {
        server.send(protocol::ping{1});
        EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);
    }
    EXPECT_THAT(request_lines(), ElementsAre(AllOf(HasSubstr("GET /a 201 "), HasSubstr("stub 7"))));
}

TEST_F(ClientStandIn, TheAppThatListensIsAsked) {
    auto server = started();
    auto local = asked(server, 1);
    local.send(answer("of the app"));
    expect_response(server, 1, "of the app");
    EXPECT_TRUE(stand_in->asked().empty());
}

TEST_F(ClientStandIn, RespondsAheadOfTheAppWhereItPrecedesIt) {
    stand_in->before = true;
    auto server = started();
    server.request(1, with_length("POST", "/a", 4), "hook");
    EXPECT_EQ(server.receive_text(), text(1, whole_response));
    EXPECT_THAT(stand_in->asked(), ElementsAre("before POST /a hook"));
}

TEST_F(ClientStandIn, WhatItDoesNotRespondToIs502) {
    app.listener().close();
    stand_in->absent = false;
    auto server = started();
    server.request(1, request_head("GET", "/a"));
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    stand_in->absent = true;
    stand_in->gives_nothing = true;
    server.request(2, request_head("GET", "/b"));
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_THAT(stand_in->asked(), ElementsAre("absent GET /a ", "absent GET /b "));
}

TEST_F(ClientStandIn, TheBodyThatComesInPartsIsWaitedFor) {
    app.listener().close();
    auto server = started();
    server.request(1, with_length("POST", "/a", 8), "first", false);
    server.data(1, "and", true);
    EXPECT_EQ(server.receive_text(), text(1, whole_response));
    EXPECT_THAT(stand_in->asked(), ElementsAre("absent POST /a firstand"));
}

TEST_F(ClientStandIn, ACallerThatWaitsToBeAskedForItsBodyIs) {
    app.listener().close();
    auto server = started();
    server.request(1, with_length("POST", "/a", 4, {{"Host", "a"}, {"Expect", "100-continue"}}), "", false);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 100U);
    server.data(1, "hook", true);
    EXPECT_EQ(server.receive_text(), text(1, whole_response));
    EXPECT_THAT(stand_in->asked(), ElementsAre("absent POST /a hook"));
}

TEST_F(ClientStandIn, AResponseToHeadHasTheLengthAndNoBody) {
    app.listener().close();
    auto server = started();
    server.request(1, request_head("HEAD", "/a"));
    EXPECT_EQ(server.receive_text(),
              text(1, R"(,"status":201,"reason":"Created","headers":[["X-Tunnel-Stub","7"]],"content_length":9,)"
                      R"("end":true})"));
}

TEST_F(ClientStandIn, AStatusWithoutABodyHasNeitherLengthNorBody) {
    app.listener().close();
    stand_in->given.head.status = 204;
    auto server = started();
    server.request(1, request_head("GET", "/a"));
    EXPECT_EQ(server.receive_text(),
              text(1, R"(,"status":204,"reason":"No Content","headers":[["X-Tunnel-Stub","7"]],"end":true})"));
}

TEST_F(ClientStandIn, ALongBodyKeepsToTheCreditOfTheStream) {
    app.listener().close();
    std::string body(600'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 251);
    stand_in->given.body = body;
    auto server = started();
    server.request(1, request_head("GET", "/a"));
    const auto first = server.receive<protocol::response>();
    EXPECT_EQ(first.head.content_length, body.size());
    EXPECT_FALSE(first.end);
    server.window(1, first.body.size());
    EXPECT_TRUE(std::string(first.body.view()) + server.receive_body(1) == body);
}

TEST_F(ClientStandIn, ACallerThatLeavesGetsNothingMore) {
    app.listener().close();
    auto server = started();
    server.request(1, with_length("POST", "/a", 8), "part", false);
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    server.request(2, request_head("GET", "/b"));
    EXPECT_EQ(server.receive_text(), text(2, whole_response));
    EXPECT_THAT(stand_in->asked(), ElementsAre("absent GET /b "));
}

TEST_F(ClientStandIn, AnUpgradeIsNotItsMatter) {
    app.listener().close();
    stand_in->before = true;
    auto server = started();
    auto head = request_head("GET", "/socket");
    head.upgrade = "websocket";
    server.request(1, head, "", false);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_TRUE(stand_in->asked().empty());
}

}  // namespace

}  // namespace tunnel::client
