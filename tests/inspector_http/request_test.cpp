#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspector_http/authority.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/parameters.hpp"
#include "inspector_http/request.hpp"
#include "inspector_http/response.hpp"
#include "inspector_http/token.hpp"

namespace tunnel::inspector_http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Authority, HostsWithAndWithoutPortAreRead) {
    EXPECT_EQ(parse_authority("LocalHost"), (authority{"localhost", std::nullopt}));
    EXPECT_EQ(parse_authority("127.0.0.1:4040"), (authority{"127.0.0.1", 4040}));
    EXPECT_EQ(parse_authority("[::1]:80"), (authority{"[::1]", 80}));
    EXPECT_EQ(parse_authority("[::FFFF:127.0.0.1]"), (authority{"[::ffff:127.0.0.1]", std::nullopt}));
    EXPECT_EQ(parse_authority("a.b-c_d.example."), (authority{"a.b-c_d.example.", std::nullopt}));
}

TEST(Authority, InvalidHostsAreRefused) {
    for (const auto* text : {"",
                             ":80",
                             "user@localhost",
                             "localhost:",
                             "localhost:0",
                             "localhost:65536",
                             "localhost:80a",
                             "localhost:-1",
                             "localhost:+80",
                             "local host",
                             "localhost/",
                             "[::1",
                             "[]",
                             "[]:80",
                             "[::1]80",
                             "::1",
                             "localhost\t",
                             "\xC3\xA4",
                             "a,b",
                             "localhost:80:80",
                             "[localhost]",
                             "a%41"}) {
        EXPECT_FALSE(parse_authority(text)) << text;
    }
    EXPECT_FALSE(parse_authority(std::string(limits::authority_bytes + 1, 'a')));
    EXPECT_FALSE(parse_authority(std::string_view("local\0host", 10)));
}

TEST(Origin, OnlyHttpOriginsAreRead) {
    EXPECT_EQ(parse_origin("http://localhost:4040"), (authority{"localhost", 4040}));
    for (const auto* text :
         {"null", "https://localhost:4040", "http://", "http://localhost:4040/", "file://", "HTTP:"}) {
        EXPECT_FALSE(parse_origin(text)) << text;
    }
}

TEST(RequestTarget, PathsAndParametersAreTakenApart) {
    std::string problem;
    const auto target = parse_target("/a%20b?q=status%3A5xx+x&empty=&bare&%6e=1", problem);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a%20b");
    EXPECT_THAT(target->parameters,
                ElementsAre(Pair("q", "status:5xx x"), Pair("empty", ""), Pair("bare", ""), Pair("n", "1")));
    EXPECT_FALSE(target->authority);
}

TEST(RequestTarget, AnAbsoluteTargetHasAnAuthority) {
    std::string problem;
    EXPECT_EQ(parse_target("http://evil.example:1/x?a=1", problem)->authority, "evil.example:1");
    EXPECT_EQ(parse_target("HTTP://evil.example", problem)->path, "/");
}

TEST(RequestTarget, BrokenTargetsAreExplained) {
    for (const auto* target :
         {"", "*", "x", "https://localhost/", "/?a=%", "/?a=%4", "/?a=%zz", "/?a=1&a=2", "/?%=1"}) {
        std::string problem;
        EXPECT_FALSE(parse_target(target, problem)) << target;
        EXPECT_FALSE(problem.empty()) << target;
    }
    std::string many = "/?";
    for (std::size_t i = 0; i <= limits::parameters; ++i) many += "p" + std::to_string(i) + "=&";
    std::string problem;
    EXPECT_FALSE(parse_target(many, problem));
}

TEST(Token, RandomOnesDifferAndHave128Bits) {
    EXPECT_EQ(random_token().size(), 32U);
    EXPECT_NE(random_token(), random_token());
    EXPECT_TRUE(same_token("abc", "abc"));
    EXPECT_FALSE(same_token("abc", "abd"));
    EXPECT_FALSE(same_token("abc", "ab"));
    EXPECT_FALSE(same_token("", "ab"));
}

TEST(Token, TheCookieIsFoundAmongOthers) {
    EXPECT_EQ(cookie_value("a=1; tunnel=x=y; b=2", "tunnel"), "x=y");
    EXPECT_EQ(cookie_value("tunnel=", "tunnel"), "");
    EXPECT_EQ(cookie_value("tunnels=1", "tunnel"), "");
    EXPECT_EQ(cookie_value(";;; tunnel=1", "tunnel"), "1");
    EXPECT_EQ(cookie_value("", "tunnel"), "");
}

TEST(Filter, PositionsCountCodePoints) {
    EXPECT_EQ(code_points_before("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z", 10), 4U);
    EXPECT_EQ(code_points_before("\xFF\xFFz", 2), 2U) << "what is not UTF-8 counts by the byte";
    EXPECT_EQ(code_points_before("ab", 99), 2U);
    try {
        (void)parse_filter("\"\xC3\xA4\xC3\xB6\" nokey:1");
        FAIL() << "the key is unknown";
    } catch (const api_error& error) {
        EXPECT_EQ(error.code(), "bad_filter");
        EXPECT_EQ(error.position(), 5U);
    }
}

}  // namespace
}  // namespace tunnel::inspector_http
