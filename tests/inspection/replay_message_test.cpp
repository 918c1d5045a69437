#include "inspection/replay_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "inspection/capture.hpp"
#include "inspection/head_text.hpp"

namespace tunnel::inspection {

namespace {

using inspector_http::refusal_code;
using inspector_http::replay_edits;
using inspector_http::replay_options;
using inspector_http::replay_refusal;

inspector::record sample(std::string_view head, std::string_view body) {
    inspector::record r;
    r.id = *inspector::parse_record_id("0000000000042");
    const auto line = head.substr(0, head.find("\r\n"));
    r.request.method = line.substr(0, line.find(' '));
    r.request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    r.request.raw_sent = head;
    r.request.fields = inspector::fields_of_head(head);
    r.request.body.bytes = body;
    r.request.body.length = body.size();
    return r;
}

replay_options exactly() {
    replay_options o;
    o.exact = true;
    return o;
}

replay_message made(const inspector::record& r, const replay_options& o) {
    auto result = make_replay(r, o, nullptr);
    if (const auto* refused = std::get_if<replay_refusal>(&result)) {
        ADD_FAILURE() << refused->message;
        return {};
    }
    return std::move(std::get<replay_message>(result));
}

std::string head_of(replay_message message) {
    protocol::request request;
    request.head = std::move(message.head);
    request.body.append(message.body);
    request.end = !message.chunked || !message.body.empty();
    return head_text(request);
}

refusal_code refused(const inspector::record& r, const replay_options& o) {
    auto result = make_replay(r, o, nullptr);
    const auto* refused = std::get_if<replay_refusal>(&result);
    EXPECT_NE(refused, nullptr);
    return refused == nullptr ? refusal_code::busy : refused->code;
}

TEST(ReplayMessage, TheHeadIsTheOneThatTheAppGot) {
    const std::string head =
        "POST /hook?x=1&y=%20 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nContent-Length: 5\r\nx-one: \xe9\r\nCookie: b\r\n\r\n";
    const auto message = made(sample(head, "hello"), exactly());
    EXPECT_EQ(message.body, "hello");
    EXPECT_EQ(head_of(message), head);
}

TEST(ReplayMessage, AChunkedBodyStaysChunkedWithItsTrailers) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n";
    auto record = sample(head, "abc");
    record.request.trailers = {{"X-T", "1"}};
    const auto message = made(record, exactly());
    EXPECT_TRUE(message.chunked);
    EXPECT_EQ(message.trailers.find("X-T"), "1");
    EXPECT_EQ(head_of(message), head);
    EXPECT_EQ(head_of(made(sample(head, ""), exactly())), head);
}

TEST(ReplayMessage, ConnectionFieldsAreRebuilt) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n";
    EXPECT_EQ(head_of(made(sample(head, ""), exactly())), head);
}

TEST(ReplayMessage, TheRecordIsNamedUnlessItIsExact) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nTunnel-Replay-Of: 0000000000001\r\n\r\n";
    EXPECT_EQ(head_of(made(sample(head, ""), {})),
              "GET / HTTP/1.1\r\nHost: a\r\nTunnel-Replay-Of: 0000000000042\r\n\r\n");
    EXPECT_EQ(head_of(made(sample(head, ""), exactly())), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(ReplayMessage, EditsAreApplied) {
    const auto record =
        sample("POST /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: 7\r\nx-a: 2\r\nX-B: 3\r\n\r\n", "{\"n\":1}");
    auto o = exactly();
    o.edits = replay_edits{};
    o.edits->method = "PUT";
    o.edits->target = "/b?c";
    o.edits->set = {{"X-A", "new"}, {"X-C", "4"}};
    o.edits->unset = {"x-b"};
    o.edits->json = {{"/n", "12"}};
    const auto message = made(record, o);
    EXPECT_EQ(message.body, "{\"n\":12}");
    EXPECT_EQ(head_of(message), "PUT /b?c HTTP/1.1\r\nHost: a\r\nX-A: new\r\nContent-Length: 8\r\nX-C: 4\r\n\r\n");
}

TEST(ReplayMessage, ARawMessageReplacesTheRecord) {
    auto o = exactly();
    o.edits = replay_edits{};
    o.edits->raw = "PATCH /raw HTTP/1.1\nHost: b\nX: y\n\nbody\n";
    const auto message = made(sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ""), o);
    EXPECT_EQ(message.body, "body\n");
    EXPECT_EQ(head_of(message), "PATCH /raw HTTP/1.1\r\nHost: b\r\nX: y\r\nContent-Length: 5\r\n\r\n");
    o.edits->raw = "no request";
    EXPECT_EQ(refused(sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ""), o), refusal_code::bad_edit);
}

TEST(ReplayMessage, ACutBodyIsSentOnlyWhenAllowed) {
    auto record = sample("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "kept");
    record.request.body.length = 9;
    EXPECT_EQ(refused(record, {}), refusal_code::body_truncated);
    auto o = exactly();
    o.allow_truncated = true;
    EXPECT_EQ(head_of(made(record, o)), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    record.request.body.length = 4;
    record.labels.emplace_back(incomplete_request);
    EXPECT_EQ(refused(record, {}), refusal_code::body_truncated);
    o.allow_truncated = false;
    o.edits = replay_edits{};
    o.edits->body = "all of it";
    EXPECT_EQ(made(record, o).body, "all of it");
}

TEST(ReplayMessage, WhatCannotBeSentIsRefused) {
    const auto websocket =
        sample("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "");
    EXPECT_EQ(refused(websocket, {}), refusal_code::not_replayable);
    EXPECT_EQ(refused({}, {}), refusal_code::not_replayable);
    const auto plain = sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
    replay_options o;
    o.resign = true;
    EXPECT_EQ(refused(plain, o), refusal_code::cannot_sign);
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{"X", "a\r\nY: b"}, {"Host", "second\n"}, {"X y", "1"}, {"", "1"}}) {
        o = {};
        o.edits = replay_edits{};
        o.edits->set = {{name, value}};
        EXPECT_EQ(refused(plain, o), refusal_code::bad_edit) << name;
    }
    o = {};
    o.edits = replay_edits{};
    o.edits->target = "/a b";
    EXPECT_EQ(refused(plain, o), refusal_code::bad_edit);
}

}  // namespace

}  // namespace tunnel::inspection
