// What each provider expects of an endpoint that is registered; the digests were computed apart from this code.

#include "stub/challenge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tunnel::stub {

namespace {

inspector::record request(std::string method, std::string target, std::string body = {}) {
    inspector::record r;
    r.request.method = std::move(method);
    r.request.target = std::move(target);
    r.request.body.length = body.size();
    r.request.body.bytes = std::move(body);
    return r;
}

const inspector::field_lines text_fields{{"Content-Type", "text/plain"}, {"X-Content-Type-Options", "nosniff"}};
const inspector::field_lines json_fields{{"Content-Type", "application/json"}};

TEST(Challenge, EachIsRespondedToAsItsProviderExpects) {
    struct row {
        challenge to;
        inspector::record asked;
        reply expected;
    };
    for (
        const auto& [to, asked, expected] : std::vector<row>{
            {{challenger::slack},
             request(
                 "POST", "/slack",
                 R"({"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"})"),
             {200, text_fields, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}},
            {{challenger::zoom, "", "zoomsecret"},
             request(
                 "POST", "/zoom",
                 R"({"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"})"),
             {200, json_fields,
              R"({"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"83b2a60d4bbe49dc93763ed9e727a9a7690cbe4c1f8bb0adc0ffccd09ecb1384"})"}},
            {{challenger::dropbox}, request("GET", "/dropbox?challenge=abc%2B1"), {200, text_fields, "abc+1"}},
            {{challenger::x, "", "xsecret"},
             request("GET", "/x?crc_token=challenge_string&nonce=1"),
             {200, json_fields, R"({"response_token":"sha256=QyfZYqlN+UciFVpfvc7NQNcQqMKDFcTfpqS6QZBtnPQ="})"}},
            {{challenger::meta, "", "mine"},
             request("GET", "/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=mine"),
             {200, text_fields, "1158201444"}},
            {{challenger::meta, "", "mine"},
             request("GET", "/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=yours"),
             {403, text_fields, "tunnel-client: hub.verify_token is not the verify_token of the stub's rule\n"}},
        }) {
        EXPECT_EQ(respond(to, asked), expected) << to_string(to.who);
    }
}

TEST(Challenge, WhatIsSignedCannotBeTheTextOfAWebhook) {
    const challenge zoom{challenger::zoom, "", "zoomsecret"};
    const challenge x{challenger::x, "", "xsecret"};
    const auto validation = [](const std::string& token) {
        return request("POST", "/", R"({"event":"endpoint.url_validation","payload":{"plainToken":")" + token + "\"}}");
    };
    EXPECT_TRUE(respond(zoom, validation("aZ09-._~+/=")));
    for (const std::string token : {"v0:1654503849:{}", "{}", "", "a b", "a\\u0000", "\u00e9"})
        EXPECT_FALSE(respond(zoom, validation(token))) << token;
    EXPECT_FALSE(respond(zoom, validation(std::string(257, 'a'))));
    EXPECT_TRUE(respond(x, request("GET", "/?crc_token=MGFh%2BZg%3D%3D")));
    for (const std::string token : {"%7B%22for_user_id%22%3A%221%22%7D", "[]", "%22a%22", ""})
        EXPECT_FALSE(respond(x, request("GET", "/?crc_token=" + token))) << token;
}

TEST(Challenge, OtherRequestsAreNotChallenges) {
    struct row {
        challenge to;
        inspector::record asked;
    };
    for (const auto& [to, asked] : std::vector<row>{
             {{challenger::slack}, request("POST", "/", R"({"type":"event_callback","challenge":"a"})")},
             {{challenger::slack}, request("POST", "/", R"({"type":"url_verification"})")},
             {{challenger::slack}, request("POST", "/", R"({"type":"url_verification","challenge":1})")},
             {{challenger::slack}, request("POST", "/", "payload=%7B%7D")},
             {{challenger::slack}, request("PUT", "/", R"({"type":"url_verification","challenge":"a"})")},
             {{challenger::zoom}, request("POST", "/", R"({"event":"meeting.started","payload":{"plainToken":"a"}})")},
             {{challenger::zoom}, request("POST", "/", R"({"event":"endpoint.url_validation","payload":"a"})")},
             {{challenger::zoom}, request("POST", "/", R"([1])")},
             {{challenger::dropbox}, request("GET", "/?other=1")},
             {{challenger::dropbox}, request("POST", "/?challenge=a")},
             {{challenger::x}, request("GET", "/?challenge=a")},
             {{challenger::meta}, request("GET", "/?hub.challenge=1&hub.verify_token=")},
             {{challenger::meta}, request("GET", "/?hub.mode=subscribe")},
         }) {
        EXPECT_FALSE(respond(to, asked)) << to_string(to.who) << ' ' << asked.request.target
                                         << asked.request.body.bytes;
    }
}

TEST(Challenge, EachHasAName) {
    for (const auto who : {challenger::slack, challenger::zoom, challenger::dropbox, challenger::x, challenger::meta}) {
        EXPECT_EQ(challenger_from(to_string(who)), who);
    }
    EXPECT_FALSE(challenger_from("twitter"));
}

}  // namespace

}  // namespace tunnel::stub
