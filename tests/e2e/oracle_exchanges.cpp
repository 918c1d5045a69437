#include "e2e/oracle_exchanges.hpp"

#include <utility>

#include "support/http_socket.hpp"

namespace tunnel::test {

namespace {

std::string with_body(const std::string& line, const std::string& body) {
    return line + "\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

std::vector<oracle_exchange> oracle_exchanges() {
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    std::vector<oracle_exchange> all;
    for (const std::string method :
         {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "M-SEARCH", "get", "!#$"}) {
        auto name = "method " + method;
        all.push_back({name, method + " /x HTTP/1.1\r\nHost: a\r\n\r\n", "", false});
        if (method != "HEAD")
            all.push_back({name + " with a body", with_body(method + " /x HTTP/1.1", "body"), "", false});
        all.push_back({name + " with an empty body", with_body(method + " /x HTTP/1.1", ""), "", false});
    }
    for (const std::string target :
         {"/foo/bar?x=1&y=2", "//a/%2F/..;x=1/%zz/?", "/caf\xc3\xa9/\xff", "/?", "/a//b/./../c", "/%00%0d%0a",
          "/\"<>[]{}|\\^`'", "/http://other/?u=http://x", "/:80", "/@", "/+%20+"}) {
        all.push_back({"target " + target, "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", "", false});
    }
    all.push_back({"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "", false});
    all.push_back(
        {"fields in odd forms",
         "GET / HTTP/1.1\r\nhOsT: A.Example:80\r\nX-a:1\r\nx-A:  2  \r\nX-Empty:\r\nX-Raw: \x80\xff\r\n"
         "Cookie: a=1; b=2\r\ncookie: c=3\r\nAccept: */*;q=0.1, text/html\r\nAuthorization: Basic eDp5\r\n"
         "Accept-Encoding: gzip, br\r\nRange: bytes=0-1\r\nIf-Match: \"x\"\r\nOrigin: null\r\nReferer: \r\n\r\n",
         "", false});
    all.push_back({"a length ahead of the fields",
                   "POST / HTTP/1.1\r\nContent-Length: 4\r\nHost: a\r\nX-A: 1\r\n\r\nbody", "", false});
    all.push_back({"a length among the fields",
                   "POST / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nContent-Length: 4\r\nX-B: 1\r\nX-A: 2\r\n\r\nbody", "",
                   false});
    all.push_back({"all bytes with a length", with_body("POST / HTTP/1.1", pattern_text(70'000)), "", false});
    all.push_back(
        {"chunks",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0004;x=y\r\ndefg\r\n0\r\n\r\n",
         "", false});
    all.push_back({"no chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", false});
    all.push_back({"trailers",
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: "
                   "X-T\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\nx-t: \xff\r\n\r\n",
                   "", false});
    all.push_back({"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "", true});

    const std::vector<std::pair<std::string, std::string>> answers{
        {"plain", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"},
        {"length first", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nX-A: 1\r\n\r\nok"},
        {"length among fields", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok"},
        {"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"cookies",
         "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-M: 1\r\nset-cookie: b\r\nSet-Cookie: a=1\r\nContent-Length: "
         "0\r\n\r\n"},
        {"odd status", "HTTP/1.1 599 \xe9 odd\r\nContent-Length: 0\r\n\r\n"},
        {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
        {"redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:3000/x\r\nContent-Length: 0\r\n\r\n"},
        {"chunks",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"},
        {"no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"trailers",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\n\r\n"},
        {"created", "HTTP/1.1 201 Created\r\nLocation: /new\r\nETag: W/\"x\"\r\nContent-Length: 3\r\n\r\n\0\xff\n"},
        {"no content", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"},
        {"reset content", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"},
        {"not modified", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"},
        {"not modified with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"},
        {"early hints", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {"fields in odd forms",
         "HTTP/1.1 200 OK\r\nX-a:1\r\nx-A:  2  \r\nX-Empty:\r\nX-Raw: \x80\xff\r\nContent-Encoding: gzip\r\n"
         "Server: x\r\nVary: *\r\nContent-Length: 2\r\n\r\nok"},
    };
    for (auto [name, answer] : answers) {
        if (name == "created")
            answer = "HTTP/1.1 201 Created\r\nLocation: /new\r\nContent-Length: 3\r\n\r\n" + std::string("\0\xff\n", 3);
        all.push_back({"answer " + name, get, answer, false});
    }
    all.push_back({"answer to HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
                   "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", false});
    all.push_back({"answer until the close", get, "HTTP/1.1 200 OK\r\n\r\n" + pattern_text(1'000), true});
    all.push_back({"answer of HTTP/1.0", get, "HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nold", true});
    return all;
}

}  // namespace tunnel::test
