// The same bytes go to the app directly and through the tunnel. What the app saw, and what the caller got, may differ
// in nothing but Via, X-Forwarded-*, hop-by-hop fields and Date.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "e2e/tunnel_fixture.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;

/// What the caller sends; the app answers with `answer`, or echoes where it is empty.
struct exchange {
    std::string name;
    std::string request;
    std::string answer;
    bool app_closes = false;
};

std::string with_body(const std::string& line, const std::string& body) {
    return line + "\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<exchange> exchanges() {
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    std::vector<exchange> all;
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

/// The fields that may differ, and the form of a field line: name, colon, one blank, value without blanks around it.
std::vector<std::string> comparable_lines(const http_message& message) {
    static constexpr std::array<std::string_view, 8> excepted{
        "Via", "Date", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade"};
    std::vector<std::string> kept;
    for (const auto& line : message.lines()) {
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        if (name.starts_with("X-Forwarded-")) continue;
        if (std::ranges::any_of(excepted, [&](auto other) { return iequals(name, other); })) continue;
        const auto from = line.find_first_not_of(" \t", colon + 1);
        const auto to = line.find_last_not_of(" \t");
        kept.push_back(name + ": " + (from == std::string::npos ? "" : line.substr(from, to + 1 - from)));
    }
    return kept;
}

struct transcript {
    std::string seen;  ///< by the app
    std::string got;   ///< by the caller
};

void note(std::string& into, const http_message& message, const std::string& start_line) {
    into += start_line + "\n";
    for (const auto& line : comparable_lines(message)) into += line + "\n";
    into += "\n" + message.body + "\n" + message.trailers;
}

class Oracle : public TunnelTest {
 protected:
    transcript run(const exchange& e, std::uint16_t port) {
        auto caller = http_socket::connect(port);
        caller.send(e.request);
        transcript result;
        http_message got;
        do {
            got = caller.read_message(e.request.starts_with("HEAD "));
            // The version is each hop's own.
            note(result.got, got, got.start_line().substr(9));
        } while (got.status() < 200);
        const auto seen = app.last_seen();
        const auto line = seen.start_line();
        note(result.seen, seen, line.substr(0, line.rfind(' ')));
        return result;
    }
};

TEST_F(Oracle, AnExchangeThroughTheTunnelIsTheOneWithoutIt) {
    const exchange* now = nullptr;
    app.on_any([&](call_type& c) {
        c.keep_open = c.keep_open && !now->app_closes;
        if (now->answer.empty()) {
            sample_app_server::echo(c);
        } else {
            c.read_body();
            c.reply(now->answer);
        }
    });
    ASSERT_NO_FATAL_FAILURE(start());
    for (const auto& e : exchanges()) {
        SCOPED_TRACE(e.name);
        now = &e;
        const auto direct = run(e, app.port());
        const auto tunnelled = run(e, http_port());
        EXPECT_EQ(tunnelled.seen, direct.seen);
        EXPECT_EQ(tunnelled.got, direct.got);
        EXPECT_FALSE(direct.got.empty());
    }
}

}  // namespace

}  // namespace tunnel::test
