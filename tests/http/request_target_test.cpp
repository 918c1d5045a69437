#include <gtest/gtest.h>

#include <string>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::get;
using test::good_request;
using test::lines;
using test::lines_of;
using test::refused_request;

TEST(RequestHead, TargetIsUnmodified) {
    for (const auto* target :
         {"//a/%2F/..;x=1/%zz/?", "/\xc3\xa9\xff", "/a\\b{}|^`\"<>", "/?", "/a/./../b", "/http://x"}) {
        EXPECT_EQ(good_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n").head.target, target);
    }
}

TEST(RequestHead, FragmentBlanksAndControlsInTheTargetAreRefused) {
    for (const auto& target : {"/p#f"s, "/#"s, "/a b"s, "/a\tb"s, "/a\x01"s, "/a\x7f"s, "/a\0b"s, "/a\x0b"s}) {
        EXPECT_EQ(refused_request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, ATargetIsAPathOrAnHttpUrl) {
    for (const auto* target : {"a", "?q", "x:80", "ftp://x/", "http:/x", "http:", "https", "%2F", "\\", "**", "/*#"}) {
        EXPECT_EQ(refused_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, AbsoluteFormReplacesHost) {
    const auto request = good_request("GET http://x/p?q HTTP/1.1\r\nA: b\r\nhost: y\r\nC: d\r\n\r\n");
    EXPECT_EQ(request.head.target, "/p?q");
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"A", "b"}, {"host", "x"}, {"C", "d"}}));
}

TEST(RequestHead, AbsoluteFormBecomesOriginForm) {
    struct row {
        std::string target, host, path;
    };
    for (const auto& [target, host, path] :
         {row{"http://x", "x", "/"}, row{"HTTP://x:8080/", "x:8080", "/"}, row{"https://x.y/a//b", "x.y", "/a//b"},
          row{"http://x?q", "x", "/?q"}, row{"http://[::1]:80/p", "[::1]:80", "/p"}, row{"http://x/@", "x", "/@"},
          row{"http://x/http://y", "x", "/http://y"}}) {
        const auto request = good_request("GET " + target + " HTTP/1.1\r\nHost: y\r\n\r\n");
        EXPECT_EQ(request.head.target, path);
        EXPECT_EQ(request.head.fields.find("Host"), host);
    }
}

TEST(RequestHead, AbsoluteFormWithoutHostAddsItFirst) {
    const auto request = good_request("GET http://x/p HTTP/1.0\r\nA: b\r\n\r\n");
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "x"}, {"A", "b"}}));
    EXPECT_EQ(refused_request("GET http://x/p HTTP/1.1\r\nA: b\r\n\r\n"), 400U);
}

TEST(RequestHead, BadAuthorityIsRefused) {
    for (const auto* target : {"http://u@x/", "http://u:p@x/", "http:///p", "http://", "http://?q", "http://x,y/",
                               "http://:80/", "http://x:8a/", "http://[::1/", "http://x\\y/", "http://\xc3\xa9/"}) {
        EXPECT_EQ(refused_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, AsteriskIsForOptionsOnly) {
    EXPECT_EQ(good_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "*");
    EXPECT_EQ(refused_request("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("options * HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    const auto absolute = good_request("OPTIONS http://x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(absolute.head.target, "*");
    EXPECT_EQ(absolute.head.fields.find("Host"), "x");
    EXPECT_EQ(good_request("OPTIONS http://x?q HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "/?q");
    EXPECT_EQ(good_request("OPTIONS http://x/ HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "/");
}

TEST(RequestHead, ConnectIsNotImplemented) {
    EXPECT_EQ(refused_request("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), 501U);
    EXPECT_EQ(refused_request("CONNECT a:443 HTTP/1.1\r\n"), 501U);
    EXPECT_EQ(refused_request("CONNECT / HTTP/1.0\r\n"), 501U);
}

TEST(RequestHead, HostIsThereOnceInHttp11) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request(get("Host: a\r\n")), 400U);
    EXPECT_EQ(refused_request(get("HOST: b\r\n")), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET http://x/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_TRUE(good_request("GET / HTTP/1.0\r\n\r\n").head.fields.empty());
}

TEST(RequestHead, InvalidHostIsRefused) {
    for (const auto* value :
         {"a,b", "a b", "a/b",  "u@a", "a:b", "a:80:80", ":80",  "[::1",     "[]",       "[::1]a", "[::1]:x",
          "::1", "a%2", "a%zz", "a?b", "a\"", "<a>",     "a\\b", "\xc3\xa9", "http://a", "a#b"}) {
        EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: "s + value + "\r\n\r\n"), 400U) << value;
    }
    for (const auto* value : {"", "a", "A.example-1.com", "a_b", "a:", "a:80", "127.0.0.1:1", "[::1]", "[::1]:80",
                              "[v1.x:y]", "a%2Fb", "a."}) {
        EXPECT_EQ(good_request("GET / HTTP/1.1\r\nHost: "s + value + "\r\n\r\n").head.fields.find("Host"), value);
    }
}

}  // namespace
}  // namespace tunnel::http
