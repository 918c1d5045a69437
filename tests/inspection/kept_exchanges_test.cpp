// What the inspector keeps of each exchange is what the app got and sent, byte for byte.

#include <string>

#include "e2e/oracle_exchanges.hpp"
#include "e2e/tunnel_fixture.hpp"
#include "inspection/capture.hpp"
#include "inspector/body_capture.hpp"
#include "support/kept_records.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

namespace {

using inspection::capture;
using inspection::capture_settings;
using inspector::record;
using inspector::record_state;

std::string lines_of(const inspector::field_lines& fields) {
    std::string text;
    for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
    return text;
}

class KeptExchanges : public TunnelTest {
 protected:
    KeptExchanges() {
        capture_settings settings;
        settings.app = "127.0.0.1:" + std::to_string(app.port());
        capture_ = &outlive<capture>(kept.history, settings);
        tap = capture_;
    }

    kept_records& kept = outlive<kept_records>();
    capture* capture_ = nullptr;
};

void expect_request(const record& r, const http_message& seen) {
    EXPECT_EQ(r.request.raw_sent, seen.head);
    EXPECT_EQ(r.request.body.bytes, seen.body);
    EXPECT_EQ(r.request.body.length, seen.body.size());
    EXPECT_EQ(r.request.body.sha256, inspector::copy_body(seen.body).sha256);
    EXPECT_EQ(lines_of(r.request.trailers), seen.trailers);
    EXPECT_EQ(r.request.method, seen.method());
    EXPECT_EQ(r.request.target, seen.target());
}

TEST_F(KeptExchanges, AreThoseOfTheApp) {
    const oracle_exchange* now = nullptr;
    app.on_any([&](sample_app_server::call& c) {
        c.keep_open = c.keep_open && !now->app_closes;
        if (now->answer.empty()) return sample_app_server::echo(c);
        c.read_body();
        c.reply(now->answer);
    });
    ASSERT_NO_FATAL_FAILURE(start());
    std::size_t count = 0;
    for (const auto& e : oracle_exchanges()) {
        SCOPED_TRACE(e.name);
        now = &e;
        auto caller = call();
        caller.send(e.request);
        http_message got;
        const auto to_head = e.request.starts_with("HEAD ");
        do {
            got = caller.read_message(to_head);
        } while (got.status() < 200);
        const auto r = kept.ended(++count);
        EXPECT_EQ(r.state, record_state::complete) << r.outcome;
        EXPECT_EQ(r.caller, "127.0.0.1");
        expect_request(r, app.last_seen());
        EXPECT_EQ(r.response.status, static_cast<int>(got.status()));
        EXPECT_EQ(r.response.body.bytes, got.body);
        EXPECT_EQ(lines_of(r.response.trailers), got.trailers);
        std::string sent;
        for (const auto& interim : r.response.interim) sent += interim.raw;
        sent += r.response.raw_head;
        EXPECT_EQ(e.answer.empty() ? sent : e.answer.substr(0, sent.size()), sent);
        EXPECT_TRUE(sent.ends_with("\r\n\r\n")) << sent;
    }
}

TEST_F(KeptExchanges, ARewrittenHostIsKeptAsTheAppGotIt) {
    client_options.host_header = "rewrite";
    ASSERT_NO_FATAL_FAILURE(start());
    (void)ask("POST /w HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nhi");
    const auto r = kept.ended();
    expect_request(r, app.last_seen());
    const auto* sent = inspector::find_field(r.request.fields, "Host");
    ASSERT_NE(sent, nullptr);
    EXPECT_EQ(*sent, "127.0.0.1:" + std::to_string(app.port()));
    EXPECT_THAT(r.request.raw_received, testing::HasSubstr("\r\nHost: shop.example\r\n"));
}

TEST_F(KeptExchanges, ABodyOverTheCapIsCountedAndHashedWhole) {
    app.on("/up", sample_app_server::upload);
    app.on("/down", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start());
    constexpr std::size_t size = 3 * 1024 * 1024;
    const auto body = pattern_text(size);
    const auto hash = inspector::copy_body(body).sha256;
    (void)ask("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    const auto up = kept.ended(1);
    EXPECT_EQ(up.request.body.length, size);
    EXPECT_EQ(up.request.body.bytes, body.substr(0, inspector::limits::body_bytes));
    EXPECT_EQ(up.request.body.sha256, hash);
    EXPECT_TRUE(up.request.body.truncated());
    (void)get("/down?" + std::to_string(size));
    const auto down = kept.ended(2);
    EXPECT_EQ(down.response.body.length, size);
    EXPECT_EQ(down.response.body.bytes, body.substr(0, inspector::limits::body_bytes));
    EXPECT_EQ(down.response.body.sha256, hash);
}

TEST_F(KeptExchanges, WithNothingLeftToHoldABodyItsBytesAreCountedAlone) {
    capture_settings little;
    little.open_bytes = 10;
    capture_ = &outlive<capture>(kept.history, little);
    tap = capture_;
    ASSERT_NO_FATAL_FAILURE(start());
    (void)ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n01234567890123456789");
    const auto r = kept.ended();
    EXPECT_EQ(r.request.body.bytes, "");
    EXPECT_EQ(r.request.body.length, 20U);
    EXPECT_EQ(r.request.body.sha256, inspector::copy_body("01234567890123456789").sha256);
    EXPECT_EQ(capture_->bodies_dropped(), 2U);
}

TEST_F(KeptExchanges, ARequestWhoseAppIsDownIsKeptWhole) {
    client_options.local_port = refusing_port();
    ASSERT_NO_FATAL_FAILURE(start());
    const auto body = pattern_text(700'000);
    auto caller = call();
    caller.send("POST /hook HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 700000\r\n\r\n");
    // The response does not wait for the body.
    EXPECT_EQ(caller.read_message().status(), 502U);
    caller.send(body);
    const auto r = kept.ended();
    EXPECT_EQ(r.state, record_state::failed);
    EXPECT_EQ(r.outcome, "local-refused");
    EXPECT_EQ(r.response.status, 502);
    EXPECT_EQ(r.request.raw_sent, "");
    EXPECT_EQ(r.request.body.bytes, body);
    EXPECT_TRUE(r.labels.empty());
    EXPECT_EQ(r.public_url, "http://shop.example/hook");
    EXPECT_EQ(capture_->reached(), inspection::app_reached::no);
    EXPECT_NE(inspector::find_field(r.request.fields, "Content-Length"), nullptr);
}

TEST_F(KeptExchanges, ABodyThatNeverComesIsMarked) {
    client_options.local_port = refusing_port();
    ASSERT_NO_FATAL_FAILURE(start());
    {
        auto caller = call();
        caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
        EXPECT_EQ(caller.read_message().status(), 502U);
    }
    const auto r = kept.ended();
    EXPECT_EQ(r.request.body.bytes, "half");
    EXPECT_THAT(r.labels, testing::ElementsAre(inspection::incomplete_request));
}

TEST_F(KeptExchanges, EchoModeIsKept) {
    client_options.echo = true;
    ASSERT_NO_FATAL_FAILURE(start());
    const auto got =
        ask("POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n");
    const auto r = kept.ended();
    EXPECT_EQ(r.state, record_state::complete);
    EXPECT_EQ(r.request.body.bytes, "abc");
    EXPECT_EQ(lines_of(r.request.trailers), "X-T: 1\r\n");
    EXPECT_EQ(r.response.status, 200);
    EXPECT_EQ(r.response.body.bytes, got.body);
}

TEST_F(KeptExchanges, AnAppThatClosesInTheMiddleAbortsTheRecord) {
    app.on_any([](sample_app_server::call& c) {
        c.keep_open = false;
        c.reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THROW((void)caller.read_message(), peer_left);
    const auto r = kept.ended();
    EXPECT_EQ(r.state, record_state::aborted);
    EXPECT_EQ(r.outcome, "local-reset");
    EXPECT_EQ(r.response.body.bytes, "half");
}

TEST_F(KeptExchanges, ACallerThatLeavesAbortsTheRecord) {
    auto& gate = app.new_gate();
    app.on_any([&](sample_app_server::call& c) {
        gate.pass();
        c.reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    {
        auto caller = call();
        caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
        const auto pending = kept.seen([](const record&) { return true; });
        EXPECT_EQ(pending.state, record_state::pending);
    }
    const auto r = kept.ended();
    gate.open();
    EXPECT_EQ(r.state, record_state::aborted);
    EXPECT_EQ(r.outcome, "caller-gone");
    EXPECT_EQ(r.response.status, 0);
}

TEST_F(KeptExchanges, ACallerThatStopsWaitingIsWhatTheRecordNames) {
    app.on_any([](sample_app_server::call& c) {
        EXPECT_EQ(c.socket.read_to_end(), "");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /hook HTTP/1.1\r\nHost: a\r\n\r\n");
    caller.shutdown_send();
    const auto r = kept.ended();
    EXPECT_EQ(r.state, record_state::failed);
    EXPECT_EQ(r.outcome, "caller-closed");
    EXPECT_EQ(r.response.status, 502);
}

TEST_F(KeptExchanges, EventsAreShownAsTheyCome) {
    auto& gate = app.new_gate();
    app.on_any([&](sample_app_server::call& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        c.reply("11\r\nid: 7\ndata: one\n\n\r\n");
        gate.pass();
        c.reply("1c\r\nevent: e\ndata: two\ndata: x\n\n\r\n0\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto open = kept.seen([](const record& r) { return r.events.size() == 1; });
    EXPECT_EQ(open.state, record_state::pending);
    EXPECT_EQ(open.response.status, 200);
    EXPECT_EQ(open.events[0].data, "one");
    EXPECT_EQ(open.events[0].id, "7");
    gate.open();
    EXPECT_EQ(caller.read_message().status(), 200U);
    const auto r = kept.ended();
    ASSERT_EQ(r.events.size(), 2U);
    EXPECT_EQ(r.events[1].type, "e");
    EXPECT_EQ(r.events[1].data, "two\nx");
    EXPECT_EQ(r.response.body.bytes, "id: 7\ndata: one\n\nevent: e\ndata: two\ndata: x\n\n");
}

TEST_F(KeptExchanges, MessagesOfAWebSocketAreKept) {
    app.on_any([](sample_app_server::call& c) {
        c.keep_open = false;
        c.reply("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        (void)c.socket.read_exactly(11);
        c.reply(std::string("\x81\x02hi\x88\x02\x03\xe8", 8));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(caller.read_message().status(), 101U);
    caller.send(std::string("\x81\x85\x00\x00\x00\x00hello", 11));
    EXPECT_EQ(caller.read_exactly(8), std::string("\x81\x02hi\x88\x02\x03\xe8", 8));
    caller.close();
    const auto r = kept.ended();
    EXPECT_EQ(r.response.status, 101);
    ASSERT_EQ(r.messages.size(), 3U);
    EXPECT_EQ(r.messages[0].data, "hello");
    EXPECT_EQ(r.messages[0].direction, inspector::message_direction::from_caller);
    EXPECT_EQ(r.messages[1].data, "hi");
    EXPECT_EQ(r.messages[2].kind, inspector::message_kind::close);
}

}  // namespace

}  // namespace tunnel::test
