#include "inspector_http/guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tunnel::inspector_http {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

constexpr auto bearer = "Bearer 0123456789abcdef";
const std::pair<std::string, std::string> host{"Host", "127.0.0.1:4040"};
const std::pair<std::string, std::string> token{"Authorization", bearer};
const std::pair<std::string, std::string> cookie{"Cookie", "a=1; tunnel_inspector_4040=0123456789abcdef"};

guard_settings settings(bool open_ngrok_api = false) {
    return {4040, "0123456789abcdef", {"box.example"}, open_ngrok_api};
}

struct sample_request {
    std::string method = "GET";
    std::string target = "/api/v1/status";
    fields lines{host, token};
};

/// Status and code of the refusal; 0 where the request may be served.
std::pair<unsigned, std::string> verdict(const sample_request& a, bool open_ngrok_api = false) {
    const guard gate(settings(open_ngrok_api));
    std::string problem;
    const auto target = parse_target(a.target, problem);
    if (!target) return {400, problem};
    const auto refused = gate.check({a.method, a.target, a.lines, {}}, *target);
    if (!refused) return {0, ""};
    const auto json = nlohmann::json::parse(refused->body, nullptr, false);
    return {refused->status, json.is_object() ? json.at("error").at("code").get<std::string>() : refused->content_type};
}

TEST(Guard, OwnHostsAreServed) {
    for (const auto* name : {"127.0.0.1:4040", "localhost:4040", "LOCALHOST:4040", "[::1]:4040", "127.0.0.1",
                             "localhost", "[::1]", "box.example", "box.example:4040"}) {
        EXPECT_EQ(verdict({.lines = {{"Host", name}, token}}).first, 0U) << name;
    }
}

TEST(Guard, ForeignHostsAreMisdirectedWhateverElseTheySend) {
    for (const auto* name : {"evil.example", "evil.example:4040", "localhost.evil.example", "localhost.", "127.0.0.1.",
                             "127.0.0.2:4040", "0.0.0.0:4040", "localhost:4041", "a.localhost:4040", "2130706433:4040",
                             "[::ffff:127.0.0.1]:4040", "[::]:4040"}) {
        EXPECT_EQ(verdict({.lines = {{"Host", name}, token}}).first, 421U) << name;
    }
}

TEST(Guard, MalformedHostsAreBadRequests) {
    const std::string long_host(400, 'a');
    for (const auto& name : {std::string("user@localhost:4040"), std::string("localhost:0"), std::string(),
                             std::string("localhost:4040:1"), std::string("[::1"), long_host}) {
        EXPECT_EQ(verdict({.lines = {{"Host", name}, token}}).first, 400U) << name;
    }
    EXPECT_EQ(verdict({.lines = {token}}).first, 400U) << "missing";
    EXPECT_EQ(verdict({.lines = {host, host, token}}).first, 400U) << "twice";
}

TEST(Guard, TheAuthorityOfAnAbsoluteTargetCounts) {
    EXPECT_EQ(verdict({.target = "http://evil.example/api/v1/status"}).first, 421U);
    EXPECT_EQ(verdict({.target = "http://127.0.0.1:4040/api/v1/status"}).first, 0U);
    EXPECT_EQ(verdict({.target = "http://u@127.0.0.1:4040/"}).first, 400U);
}

TEST(Guard, ATokenIsNeededEverywhere) {
    for (const auto* target : {"/api/v1/status", "/api/v1/events", "/api/tunnels", "/api/requests/http", "/api/none"}) {
        EXPECT_EQ(verdict({.target = target, .lines = {host}}), (std::pair{401U, std::string("unauthorized")}));
    }
    for (const auto* target : {"/", "/main.js", "/index.html", "/favicon.ico"}) {
        EXPECT_EQ(verdict({.target = target, .lines = {host}}).first, 401U) << target;
    }
    for (const auto* value : {"Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Basic 0123456789abcdef",
                              "0123456789abcdef", "Bearer 0123456789abcdef0", "Bearer 0123456789abcde"}) {
        EXPECT_EQ(verdict({.lines = {host, {"Authorization", value}}}).first, 401U) << value;
    }
    EXPECT_EQ(verdict({.lines = {host, token, token}}).first, 401U) << "twice";
    EXPECT_EQ(verdict({.lines = {host, cookie}}).first, 0U);
    EXPECT_EQ(verdict({.lines = {host, {"Cookie", "tunnel_inspector_4041=0123456789abcdef"}}}).first, 401U);
    EXPECT_EQ(verdict({.lines = {host, {"authorization", "bearer 0123456789abcdef"}}}).first, 0U);
}

TEST(Guard, TheTokenOfTheUrlBecomesACookie) {
    const guard gate(settings());
    std::string problem;
    const auto target = parse_target("/?token=0123456789abcdef", problem);
    const auto redirect = gate.check({"GET", "", {host}, {}}, *target);
    ASSERT_TRUE(redirect);
    EXPECT_EQ(redirect->status, 303U);
    EXPECT_THAT(redirect->fields,
                testing::ElementsAre(testing::Pair("Location", "/"),
                                     testing::Pair("Set-Cookie",
                                                   "tunnel_inspector_4040=0123456789abcdef; HttpOnly; "
                                                   "SameSite=Strict; Path=/")));
    EXPECT_EQ(verdict({.target = "/?token=0123456789abcdee", .lines = {host}}).first, 401U);
    EXPECT_EQ(verdict({.target = "/api/v1/status?token=0123456789abcdef", .lines = {host}}).first, 401U)
        << "a token in other URLs would end up in logs";
    EXPECT_EQ(verdict({.method = "POST", .target = "/?token=0123456789abcdef", .lines = {host}}).first, 401U);
}

TEST(Guard, RequestsOfOtherOriginsAreRefused) {
    for (const auto* origin : {"null", "http://evil.example", "https://127.0.0.1:4040", "http://127.0.0.1:3000",
                               "http://localhost:4040", "http://127.0.0.1", "file://", "http://127.0.0.1:4040/", ""}) {
        for (const auto* method : {"POST", "DELETE", "PATCH", "GET", "OPTIONS"}) {
            EXPECT_EQ(verdict({.method = method, .lines = {host, cookie, {"Origin", origin}}}),
                      (std::pair{403U, std::string("cross_origin")}))
                << method << " " << origin;
        }
    }
    EXPECT_EQ(verdict({.method = "POST", .lines = {host, cookie, {"Origin", "http://127.0.0.1:4040"}}}).first, 0U);
    const std::pair<std::string, std::string> own{"Origin", "http://127.0.0.1:4040"};
    EXPECT_EQ(verdict({.method = "POST", .lines = {host, cookie, own, own}}).first, 403U) << "twice";
}

TEST(Guard, RequestsThatOtherSitesStartAreRefused) {
    // A page of the app under test is another origin but the same site.
    for (const auto* site : {"cross-site", "same-site", "", "Same-Origin"}) {
        for (const auto* method : {"POST", "DELETE", "PATCH", "GET"}) {
            EXPECT_EQ(verdict({.method = method, .lines = {host, cookie, {"Sec-Fetch-Site", site}}}).first, 403U)
                << method << " " << site;
        }
    }
    for (const auto* site : {"same-origin", "none"}) {
        EXPECT_EQ(verdict({.method = "POST", .lines = {host, cookie, {"Sec-Fetch-Site", site}}}).first, 0U) << site;
    }
    EXPECT_EQ(verdict({.target = "/", .lines = {host, cookie, {"Sec-Fetch-Site", "cross-site"}}}).first, 0U)
        << "a link to the page";
}

TEST(Guard, WhatCameThroughATunnelIsRefused) {
    for (const auto* via : {"1.1 tunnel", "1.0 tunnel", "1.1 proxy, 1.1 tunnel", "1.1 TUNNEL (comment)",
                            "HTTP/1.1\ttunnel", "1.1 tunnel-0a1b2c3d", "1.1 other, 1.1 Tunnel-0A1B2C3D (x)"}) {
        EXPECT_EQ(verdict({.lines = {host, token, {"Via", via}}}), (std::pair{403U, std::string("through_tunnel")}))
            << via;
    }
    EXPECT_EQ(verdict({.lines = {host, token, {"Via", "1.1 proxy"}, {"via", "1.1 tunnel"}}}).first, 403U);
    EXPECT_EQ(verdict({.lines = {host, token, {"Tunnel-Replay-Of", "1"}}}).first, 403U);
    EXPECT_EQ(verdict({.lines = {host, token, {"Via", "1.1 tunnels, 1.1 x"}}}).first, 0U);
}

TEST(Guard, NgroksApiMayBeOpen) {
    EXPECT_EQ(verdict({.target = "/api/tunnels", .lines = {host}}, true).first, 0U);
    EXPECT_EQ(verdict({.target = "/api/v1/status", .lines = {host}}, true).first, 401U);
    EXPECT_EQ(verdict({.target = "/api/tunnels", .lines = {{"Host", "evil.example"}}}, true).first, 421U);
    EXPECT_EQ(
        verdict({.method = "POST", .target = "/api/requests/http", .lines = {host, {"Origin", "null"}}}, true).first,
        403U);
}

}  // namespace
}  // namespace tunnel::inspector_http
