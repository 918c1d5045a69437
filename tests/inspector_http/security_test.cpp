#include <gmock/gmock.h>
#include <zlib.h>

#include "inspector/body_capture.hpp"
#include "inspector/page_files.hpp"
#include "inspector_http/inspector_fixture.hpp"
#include "inspector_http/limits.hpp"
#include "support/raw_peer.hpp"

/// Attacks on a running inspector. What the head alone decides is in guard_test.cpp as tables; here is what only a
/// connection shows, and one live case of each attack.
namespace tunnel::inspector_http {
namespace {

using namespace inspector;
using testing::HasSubstr;
using testing::Not;

/// 10 MiB of blanks, compressed.
std::string bomb() {
    std::string packed(64 * 1024, '\0');
    z_stream z{};
    EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string blanks(10 * limits::mib, ' ');
    z.next_in = reinterpret_cast<Bytef*>(blanks.data());
    z.avail_in = static_cast<uInt>(blanks.size());
    z.next_out = reinterpret_cast<Bytef*>(packed.data());
    z.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.resize(z.total_out);
    deflateEnd(&z);
    return packed;
}

TEST_F(InspectorHttp, RebindingAHostNameGetsNothing) {
    keep();
    const auto request = [&](const std::string& name) {
        return send_raw("GET /api/v1/exchanges HTTP/1.1\r\nHost: " + name + "\r\nAuthorization: Bearer " +
                        server_->token() + "\r\n\r\n");
    };
    for (const auto* name : {"evil.example", "localhost.", "127.0.0.1.nip.io", "localhost:1"}) {
        const auto refused = request(name);
        EXPECT_EQ(refused.status, 421U) << name;
        EXPECT_THAT(refused.message.body, Not(HasSubstr("stripe")));
    }
    for (const auto* name : {"a@localhost", "localhost:0", "", "[::1"}) EXPECT_EQ(request(name).status, 400U) << name;
    EXPECT_EQ(request("LOCALHOST").status, 200U);
    EXPECT_EQ(send_raw("GET / HTTP/1.1\r\n\r\n").status, 400U);
    EXPECT_EQ(send_raw("GET / HTTP/1.0\r\n\r\n").status, 400U);
    EXPECT_EQ(send_raw("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").status, 400U);
}

TEST_F(InspectorHttp, NothingIsServedWithoutTheToken) {
    for (const auto& file : page_files()) {
        const auto refused = send_raw("GET " + std::string(file.path) + " HTTP/1.1\r\nHost: " + host() + "\r\n\r\n");
        EXPECT_EQ(refused.status, 401U) << file.path;
    }
    for (const auto* path : {"/", "/api/v1/events", "/api/v1/exchanges", "/api/tunnels", "/nothing"}) {
        const auto refused = send_raw("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host() + "\r\n\r\n");
        EXPECT_EQ(refused.status, 401U) << path;
        EXPECT_EQ(refused.message.value("WWW-Authenticate"), "Bearer");
    }
}

TEST_F(InspectorHttp, TheUrlThatIsShownOpensThePage) {
    const auto target = server_->url().substr(server_->origin().size());
    const auto redirect = send_raw("GET " + target + " HTTP/1.1\r\nHost: " + host() + "\r\n\r\n").message;
    EXPECT_EQ(redirect.status(), 303U);
    EXPECT_EQ(redirect.value("Location"), "/");
    const auto cookie = redirect.value("Set-Cookie");
    EXPECT_THAT(cookie, testing::EndsWith("; HttpOnly; SameSite=Strict; Path=/"));
    const auto page =
        send_raw("GET / HTTP/1.1\r\nHost: " + host() + "\r\nCookie: " + cookie.substr(0, cookie.find(';')) +
                 "\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n\r\n");
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.message.body, versioned_index());
}

TEST_F(InspectorHttp, FormsAndImagesOfOtherSitesChangeNothing) {
    const auto id = to_string(keep());
    const auto cookie = "Cookie: tunnel_inspector_" + std::to_string(port()) + "=" + server_->token() + "\r\n";
    const auto attack = [&](std::string_view method, const std::string& path, const std::string& fields,
                            const std::string& body) {
        return send_raw(std::string(method) + " " + path + " HTTP/1.1\r\nHost: " + host() + "\r\n" + cookie + fields +
                        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)
            .status;
    };
    const auto replay = "/api/v1/exchanges/" + id + "/replay";
    // A form, which can send three types, from another site, from another port of this host, and from a sandbox.
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
        EXPECT_EQ(attack("POST", replay, "Content-Type: " + std::string(type) + "\r\n", "{}"), 415U);
        for (const auto* origin : {"http://evil.example", "http://127.0.0.1:3000", "null"}) {
            EXPECT_EQ(
                attack("POST", replay,
                       "Origin: " + std::string(origin) + "\r\nContent-Type: " + std::string(type) + "\r\n", "{}"),
                403U);
        }
    }
    EXPECT_EQ(attack("POST", replay, "Sec-Fetch-Site: cross-site\r\n", ""), 403U);
    EXPECT_EQ(attack("DELETE", "/api/v1/exchanges", "Origin: null\r\n", ""), 403U);
    EXPECT_EQ(attack("DELETE", "/api/requests/http", "Sec-Fetch-Site: same-site\r\n", ""), 403U);
    // An image or a link can only GET.
    for (const auto& path :
         {replay, std::string("/api/v1/replay"), std::string("/api/v1/import"), "/api/v1/exchanges/" + id + "/watch"}) {
        EXPECT_EQ(attack("GET", path, "", ""), 405U) << path;
    }
    EXPECT_TRUE(replays.calls().empty());
    EXPECT_EQ(get("/api/v1/exchanges").json.at("items").size(), 1U);
}

TEST_F(InspectorHttp, StreamsAndUpgradesOfOtherOriginsAreRefused) {
    for (const auto* fields : {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
                               "Origin: http://localhost:3000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}) {
        EXPECT_EQ(send_raw(head("GET", "/api/v1/events", fields)).status, 403U) << fields;
    }
    const auto upgrade = send_raw(head("GET", "/api/v1/status",
                                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    EXPECT_EQ(upgrade.status, 200U) << "the inspector has no WebSocket";
}

TEST_F(InspectorHttp, ThereIsNoCors) {
    const auto preflight = send_raw(head("OPTIONS", "/api/v1/exchanges"));
    EXPECT_EQ(preflight.status, 405U);
    EXPECT_EQ(preflight.message.value("Allow"), "GET, HEAD, DELETE");
    EXPECT_EQ(send_raw(head("OPTIONS", "/api/v1/exchanges",
                            "Origin: http://evil.example\r\nAccess-Control-Request-Method: DELETE\r\n"))
                  .status,
              403U);
    for (const auto* path : {"/api/v1/exchanges", "/", "/main.js", "/api/none"}) {
        for (const auto& line : get(path).message.lines()) EXPECT_THAT(line, Not(HasSubstr("Access-Control"))) << path;
    }
}

TEST_F(InspectorHttp, EveryResponseHasTheSecurityFields) {
    const auto id = keep([](record& r) { r.response.body = copy_body("<svg onload=alert(1)>"); });
    for (const auto& path :
         {std::string("/"), std::string("/main.js"), std::string("/api/v1/exchanges"), std::string("/api/none"),
          std::string("/api/v1/export?format=har"), "/api/v1/exchanges/" + to_string(id) + "/response/body"}) {
        const auto m = get(path).message;
        EXPECT_EQ(m.value("X-Content-Type-Options"), "nosniff") << path;
        EXPECT_EQ(m.value("X-Frame-Options"), "DENY") << path;
        EXPECT_EQ(m.value("Referrer-Policy"), "no-referrer") << path;
        EXPECT_EQ(m.value("Cross-Origin-Resource-Policy"), "same-origin") << path;
        EXPECT_EQ(m.value("Cross-Origin-Opener-Policy"), "same-origin") << path;
        EXPECT_EQ(m.value("Cache-Control"), "no-store") << path;
        const auto policy = m.value("Content-Security-Policy");
        EXPECT_THAT(policy, HasSubstr("default-src 'none'")) << path;
        EXPECT_THAT(policy, Not(HasSubstr("unsafe"))) << path;
        EXPECT_EQ(m.values("Content-Security-Policy").size(), 1U) << path;
    }
}

/// Only code of the program is kept by browsers, and only under a path that changes with it.
TEST_F(InspectorHttp, FilesOfOneVersionOfThePagesMayBeKept) {
    const auto& prefix = inspector::page_prefix();
    const auto kept = get(prefix + "/main.js").message;
    EXPECT_EQ(kept.value("Cache-Control"), "private, max-age=31536000, immutable");
    EXPECT_EQ(kept.body, get("/main.js").message.body);
    EXPECT_THAT(get("/").message.body, HasSubstr("src=\"" + prefix + "/main.js\""));
    EXPECT_EQ(get(prefix + "/").message.value("Cache-Control"), "no-store");
    EXPECT_EQ(get(prefix + "/none.js").status, 404U);
    EXPECT_EQ(get("/v-0000000000000000/main.js").status, 404U);
    EXPECT_EQ(get(prefix).status, 404U);
    EXPECT_EQ(get(prefix + "/api/v1/exchanges").status, 404U);
}

TEST_F(InspectorHttp, CapturedBytesNeverBecomeFieldsOrMarkup) {
    const auto id = keep([](record& r) {
        r.request.target = "/\x1B[2J<script>alert(1)</script>";
        r.request.fields = {{"X-<b>", "\"><img src=x onerror=alert(1)>\x9B\xFF"}};
        r.response.raw_head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n";
        r.response.body = copy_body("HTTP/1.1 200 OK\r\nSet-Cookie: stolen=1\r\n\r\n<script>");
        r.response.fields = {{"Content-Type", "text/html\r\nX-Injected: 1"}};
    });
    for (const auto* rest :
         {"", "/response/body", "/response/view", "/response/head", "/export?format=raw", "/export?format=http"}) {
        const auto m = get("/api/v1/exchanges/" + to_string(id) + rest).message;
        EXPECT_EQ(m.status(), 200U) << rest;
        EXPECT_TRUE(m.value("Set-Cookie").empty()) << rest;
        EXPECT_TRUE(m.value("X-Injected").empty()) << rest;
        EXPECT_THAT(m.value("Content-Type"),
                    testing::AnyOf("application/json", "application/octet-stream", "text/plain; charset=utf-8"))
            << rest;
    }
    const auto json = get("/api/v1/exchanges/" + to_string(id)).message.body;
    EXPECT_THAT(json, Not(HasSubstr("\x1B"))) << "control characters are escaped in JSON";
}

TEST_F(InspectorHttp, TheInspectorIsNotReachedThroughTheTunnel) {
    EXPECT_EQ(send_raw(head("GET", "/api/v1/exchanges", "Via: 1.1 tunnel\r\n")).json.at("error").at("code"),
              "through_tunnel");
    EXPECT_EQ(send_raw(head("GET", "/", "Via: 1.0 other, 1.1 tunnel\r\n")).status, 403U);
    EXPECT_EQ(send_raw(head("GET", "/", "Tunnel-Replay-Of: 0000000000001\r\n")).status, 403U);
}

TEST_F(InspectorHttp, AGzipBombIsShownToItsLimit) {
    const auto id = keep([](record& r) {
        r.response.fields = {{"Content-Encoding", "gzip"}, {"Content-Type", "text/plain"}};
        r.response.body = copy_body(bomb());
    });
    const auto view = get("/api/v1/exchanges/" + to_string(id) + "/response/view").json;
    EXPECT_EQ(view.at("truncated"), true);
    EXPECT_EQ(view.at("decoded_length"), limits::default_view);
}

TEST_F(InspectorHttp, HeadsAndBodiesHaveTheirBounds) {
    EXPECT_EQ(
        send_raw(head("GET", "/api/v1/status", "X-Long: " + std::string(limits::head_bytes, 'a') + "\r\n")).status,
        431U);
    const auto large = std::to_string(limits::replay_bytes + 1);
    EXPECT_EQ(
        send_raw(head("POST", "/api/v1/replay", "Content-Type: application/json\r\nContent-Length: " + large + "\r\n"))
            .status,
        413U);
    const auto huge = std::to_string(limits::import_bytes + 1);
    EXPECT_EQ(
        send_raw(head("POST", "/api/v1/import", "Content-Type: application/json\r\nContent-Length: " + huge + "\r\n"))
            .status,
        413U);
    EXPECT_EQ(send_raw(head("GET", "/api/v1/status", "Content-Length: 5\r\n") + "12345").status, 413U);
    const std::string deep(100'000, '[');
    EXPECT_EQ(send_json("POST", "/api/v1/replay", "{\"q\":" + deep).status, 400U);
    const std::string beyond(limits::json_bytes, ' ');
    EXPECT_EQ(send_json("POST", "/api/v1/faults", "{\"rule\":\"drop\"}" + beyond).status, 413U);
    for (const auto* bad : {"GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
                            "GET / HTTP/1.1\r\nA b: c\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
        EXPECT_EQ(send_raw(bad).status, 400U) << bad;
    }
    EXPECT_EQ(get("/api/v1/status").status, 200U);
}

TEST_F(InspectorHttp, JsonOfManySmallValuesIsRefusedBeforeItIsParsed) {
    const auto path = "/api/v1/exchanges/" + to_string(keep()) + "/replay";
    std::string many;
    while (many.size() < limits::replay_bytes / 4) many += "[1,1,1,1,1,1,1,1],";
    for (const auto* start : {"{\"edits\":[", "{\"times\":1,\"other\":[", "["}) {
        const auto refused = send_json("POST", path, start + many);
        EXPECT_EQ(refused.status, 413U) << start;
        EXPECT_THAT(refused.json.dump(), testing::HasSubstr("16384 values"));
    }
    // A body that consists of such values is one value.
    const auto sent = send_json("POST", path, nlohmann::json{{"edits", {{"body_text", many}}}}.dump());
    EXPECT_EQ(sent.status, 200U) << sent.json;
    EXPECT_EQ(replays.calls().back().options.edits->body, many);
}

TEST_F(InspectorHttp, AChunkedBodyBeyondTheBoundIsCutOff) {
    auto socket = connect();
    socket.send(head("POST", "/api/v1/replay", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"));
    const std::string part(limits::mib, ' ');
    const auto chunk = "100000\r\n" + part + "\r\n";
    try {
        for (std::size_t sent = 0; sent <= limits::replay_bytes + limits::mib; sent += part.size()) socket.send(chunk);
    } catch (const std::exception&) {
        return;  // closed on the way
    }
    EXPECT_EQ(socket.read_message().status(), 413U);
}

TEST_F(InspectorHttp, ABodyIsReadOnceItMayCome) {
    auto socket = connect();
    socket.send(head("POST", "/api/v1/replay",
                     "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 13\r\n"));
    EXPECT_EQ(socket.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.send(R"({"q":"id:zz"})");
    EXPECT_LT(socket.read_message().status(), 500U);
    auto refused = connect();
    refused.send("POST /api/v1/replay HTTP/1.1\r\nHost: " + host() +
                 "\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n");
    EXPECT_EQ(refused.read_message().status(), 401U) << "and the body is not asked for";
}

TEST_F(InspectorHttp, ConnectionsThatSendNothingLockNobodyOut) {
    std::vector<test::http_socket> open;
    for (std::size_t i = 0; i < limits::connections; ++i) {
        open.push_back(connect());
        open.back().send(head("GET", "/api/v1/status"));
        EXPECT_EQ(open.back().read_message().status(), 200U);
    }
    for (std::size_t i = 0; i < 2 * limits::connections; ++i) EXPECT_EQ(get("/api/v1/status").status, 200U);
    static_cast<void>(open.front().wait_for_end());
    open.back() = connect();
    open.back().send(head("GET", "/api/v1/status"));
    EXPECT_EQ(open.back().read_message().status(), 200U);
}

TEST_F(InspectorHttp, ConnectionsThatAreBeingClosedLockNobodyOut) {
    // Refused at the head: the inspector reads the body that never comes, for a while.
    const auto refused = "POST /api/v1/replay HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) +
                         "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    std::vector<test::http_socket> open;
    for (std::size_t i = 0; i < limits::connections; ++i) {
        open.push_back(connect());
        open.back().send(refused);
        EXPECT_EQ(open.back().read_message().status(), 401U);
    }
    for (std::size_t i = 0; i < limits::connections; ++i) EXPECT_EQ(get("/api/v1/status").status, 200U);
}

TEST_F(InspectorHttp, ConnectionsInUseAreCounted) {
    const auto begins = head("POST", "/api/v1/replay",
                             "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n");
    std::vector<test::http_socket> open;
    for (std::size_t i = 0; i < limits::connections; ++i) {
        open.push_back(connect());
        open.back().send(begins);
        EXPECT_THAT(open.back().read_head(), HasSubstr(" 100 "));
    }
    for (int i = 0; i < 3; ++i) {
        auto one_more = connect();
        EXPECT_EQ(one_more.read_some(), "");
    }
    open.front().send("{}");
    EXPECT_EQ(open.front().read_message().status(), 400U) << "those that are open are served on";
}

TEST_F(InspectorHttp, BodiesOfAllConnectionsAreBoundedTogether) {
    const auto begins =
        head("POST", "/api/v1/import",
             "Content-Type: application/json\r\nContent-Length: " + std::to_string(limits::import_bytes) +
                 "\r\nExpect: 100-continue\r\n");
    std::vector<test::http_socket> open;
    for (std::size_t i = 0; i < limits::open_bodies / limits::import_bytes; ++i) {
        open.push_back(connect());
        open.back().send(begins);
        EXPECT_THAT(open.back().read_head(), HasSubstr(" 100 "));
        open.back().send("{");
    }
    const auto refused = send_raw(
        head("POST", "/api/v1/import",
             "Content-Type: application/json\r\nContent-Length: " + std::to_string(limits::import_bytes) + "\r\n"));
    EXPECT_EQ(refused.status, 503U);
    EXPECT_EQ(refused.json.at("error").at("code"), "busy");
    EXPECT_EQ(send_json("POST", "/api/v1/replay", "{}").status, 400U) << "small ones have room";
    open.clear();
    // The inspector sees the end of those connections soon.
    const auto until = std::chrono::steady_clock::now() + test::patience;
    std::string response;
    while (response.find(" 100 ") == std::string::npos && std::chrono::steady_clock::now() < until) {
        auto next = connect();
        next.send(begins);
        response = next.read_head();
    }
    EXPECT_THAT(response, HasSubstr(" 100 "));
}

TEST_F(InspectorHttp, HeadAndPipelinedRequestsAreServed) {
    EXPECT_EQ(send_raw(head("HEAD", "/api/v1/status"), true).message.body, "");
    EXPECT_EQ(send_raw(head("HEAD", "/"), true).message.value("Content-Length"),
              std::to_string(versioned_index().size()));
    EXPECT_EQ(send_raw(head("HEAD", "/api/v1/events"), true).status, 405U);
    auto socket = connect();
    socket.send(head("GET", "/api/v1/status") + head("GET", "/api/v1/wait?timeout_ms=0") + head("GET", "/main.js"));
    EXPECT_EQ(socket.read_message().status(), 200U);
    EXPECT_EQ(socket.read_message().status(), 200U);
    EXPECT_EQ(socket.read_message().body, find_page_file("/main.js")->bytes);
}

TEST(InspectorServer, ListensBeyondLoopbackOnlyWithATokenOfTheUser) {
    live_feed feed;
    history_settings settings;
    settings.mode = history_mode::off;
    history h(settings);
    scripted_replayer replays;
    fixed_status status;
    const services what{h, feed, replays, status, {}};
    for (const auto* where : {"0.0.0.0", "::", "192.0.2.1"}) {
        EXPECT_THROW(server(what, {address{where, 0}, "", {}, {}, false}), std::runtime_error) << where;
    }
    EXPECT_THROW(server(what, {std::nullopt, "short", {}, {}, false}), std::runtime_error);
    EXPECT_THROW(server(what, {std::nullopt, "0123456789abcdef; x", {}, {}, false}), std::runtime_error);
    const server open(what, {address{"0.0.0.0", 0}, "0123456789abcdef", {}, {"Box.example"}, false});
    EXPECT_EQ(open.token(), "0123456789abcdef");
}

TEST(InspectorServer, TheNextFreePortIsTaken) {
    live_feed feed;
    history_settings settings;
    settings.mode = history_mode::off;
    history h(settings);
    scripted_replayer replays;
    fixed_status status;
    const services what{h, feed, replays, status, {}};
    // Another inspector may run on this machine: whichever ports are free, two servers get two of them.
    const server first(what, {});
    const server second(what, {});
    EXPECT_GE(first.local().port, 4040);
    EXPECT_GT(second.local().port, first.local().port);
    EXPECT_LE(second.local().port, 4049);
    EXPECT_EQ(first.origin(), "http://127.0.0.1:" + std::to_string(first.local().port));
}

}  // namespace
}  // namespace tunnel::inspector_http
