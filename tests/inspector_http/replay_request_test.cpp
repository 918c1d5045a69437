#include "inspector_http/replay_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tunnel::inspector_http {
namespace {

using nlohmann::json;

std::string code_of(const char* text) {
    try {
        (void)parse_replay(json::parse(text), 4040);
        return "";
    } catch (const api_error& error) {
        return error.code();
    }
}

TEST(ReplayRequest, AllOptionsAreRead) {
    const auto options = parse_replay(json::parse(R"({"to":"3001","times":3,"concurrency":2,"timeout_ms":5,"exact":true,
        "allow_truncated":true,"resign":true,"edits":{"raw_base64":"R0VU","method":"PUT","target":"/x?y","fields":[["A","b"]],
        "set":[["C","d"],["C","e"]],"unset":["F"],"body_base64":"AP8=","json":[{"pointer":"/a/0","value":"12345678901234567890"},
        {"pointer":""}]}})"),
                                      4040);
    EXPECT_EQ(options.to, (address{"127.0.0.1", 3001}));
    EXPECT_EQ(options.times, 3U);
    EXPECT_EQ(options.concurrency, 2U);
    EXPECT_EQ(options.timeout, std::chrono::milliseconds(5));
    EXPECT_TRUE(options.exact && options.allow_truncated && options.resign);
    ASSERT_TRUE(options.edits);
    EXPECT_EQ(options.edits->raw, "GET");
    EXPECT_EQ(options.edits->method, "PUT");
    EXPECT_EQ(options.edits->target, "/x?y");
    EXPECT_EQ(options.edits->fields, (inspector::field_lines{{"A", "b"}}));
    EXPECT_EQ(options.edits->set.size(), 2U);
    EXPECT_THAT(options.edits->unset, testing::ElementsAre("F"));
    EXPECT_EQ(options.edits->body, std::string("\0\xFF", 2));
    ASSERT_EQ(options.edits->json.size(), 2U);
    EXPECT_EQ(options.edits->json[0].value, "12345678901234567890");
    EXPECT_EQ(options.edits->json[1].value, std::nullopt);
}

TEST(ReplayRequest, NothingGivenIsOneExactCopyOfTheRecord) {
    const auto options = parse_replay(json::object(), 4040);
    EXPECT_FALSE(options.to || options.edits);
    EXPECT_EQ(options.times, 1U);
    EXPECT_EQ(options.timeout, std::chrono::seconds(30));
}

TEST(ReplayRequest, TheInspectorIsRefusedAsATargetInEverySpellingOfLoopback) {
    for (const auto* to : {"4040", ":4040", "127.0.0.1:4040", "localhost:4040", "LOCALHOST:4040", "[::1]:4040",
                           "127.0.0.2:4040", "[::ffff:127.0.0.1]:4040", "[0:0:0:0:0:0:0:1]:4040"}) {
        const auto text = json{{"to", to}}.dump();
        EXPECT_EQ(code_of(text.c_str()), "target_refused") << to;
    }
}

TEST(ReplayRequest, OnlyLoopbackIsATarget) {
    for (const auto* to :
         {"169.254.169.254:80", "10.0.0.1:3000", "example.com:80", "0.0.0.0:3000", "[::]:3000", "[fe80::1]:80",
          "[::ffff:10.0.0.1]:80", "127.1:3000", "2130706433:3000", "localhost.:3000"}) {
        const auto text = json{{"to", to}}.dump();
        EXPECT_EQ(code_of(text.c_str()), "target_refused") << to;
    }
    for (const auto* to : {"", "0", "x:y", "99999", "127.0.0.1:", "http://127.0.0.1:3000"}) {
        const auto text = json{{"to", to}}.dump();
        EXPECT_THAT(code_of(text.c_str()), testing::AnyOf("bad_request", "target_refused")) << to;
    }
    EXPECT_EQ(parse_replay(json{{"to", "[::ffff:127.0.0.1]:3000"}}, 4040).to, (address{"127.0.0.1", 3000}));
    EXPECT_EQ(parse_replay(json{{"to", "[::1]:3000"}}, 4040).to, (address{"::1", 3000}));
}

TEST(ReplayRequest, EditsThatWouldSplitTheRequestAreRefused) {
    for (const auto* edits : {R"({"method":"GET\r\nX: y"})",
                              R"({"target":"/ HTTP/1.1\r\n"})",
                              R"({"set":[["X","a\nb"]]})",
                              R"({"set":[["X","a\u0000b"]]})",
                              R"({"fields":[["X\r","a"]]})",
                              R"({"unset":["X\n"]})",
                              R"({"method":""})",
                              R"({"target":"/a b"})",
                              R"({"method":"G(T"})",
                              R"({"set":[["X: y","a"]]})",
                              R"({"set":[["","a"]]})",
                              R"({"set":[["X"]]})",
                              R"({"set":"X"})",
                              R"({"body_base64":"*"})",
                              R"({"raw_base64":5})",
                              R"({"json":[{"pointer":"a"}]})",
                              R"({"json":[{"pointer":"/a","value":"{"}]})",
                              R"({"json":[{"pointer":"/a","value":5}]})",
                              R"({"json":[5]})",
                              R"({"nothing":1})",
                              R"({"body_text":"a","body_base64":"YQ=="})",
                              R"("text")"}) {
        const auto text = R"({"edits":)" + std::string(edits) + "}";
        EXPECT_EQ(code_of(text.c_str()), "bad_edit") << edits;
    }
}

TEST(ReplayRequest, NumbersHaveTheirBounds) {
    for (const auto* text : {R"({"times":0})", R"({"times":1001})", R"({"times":-1})", R"({"times":1.5})",
                             R"({"times":"1"})", R"({"times":1e99})", R"({"concurrency":65})",
                             R"({"timeout_ms":600001})", R"({"exact":1})", R"({"to":3001})"}) {
        EXPECT_EQ(code_of(text), "bad_request") << text;
    }
}

}  // namespace
}  // namespace tunnel::inspector_http
