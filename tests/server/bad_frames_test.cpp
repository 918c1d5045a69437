#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using protocol::goaway_reason;
using test::get;
using test::read_response;
using testing::HasSubstr;

/// What an active client must not send: its connection ends, its requests fail, the server lives.
class ServerBadFrames : public test::server_fixture {
 protected:
    ServerBadFrames() { times.goaway = 2 * test::patience; }  // no test waits for a peer that does not close

    /// A client with one request open sends `bytes`.
    void expect_link_ends(const std::string& bytes, const std::string& request = get("/")) {
        auto peer = client();
        auto from = caller();
        from.send(request);
        (void)peer.receive<protocol::request>();
        peer.raw().send(bytes);
        const auto goodbye = peer.receive<protocol::goaway>();
        EXPECT_EQ(goodbye.reason, goaway_reason::protocol) << goodbye.detail;
        EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: tunnel-lost\r\n"));
        peer.raw().expect_closed();
    }

    /// The stream of this request is open for credit until its body is complete.
    const std::string upload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";

    void expect_link_lives(const std::string& payload) {
        auto peer = client();
        peer.send_text(payload);
        peer.send(protocol::ping{1});
        EXPECT_EQ(peer.receive<protocol::pong>().nonce, 1U) << payload;
    }

    static std::string framed(const std::string& payload) {
        std::string frame;
        for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 0xFFU);
        return frame + payload;
    }
};

TEST_F(ServerBadFrames, ALengthOfAllOnesEndsTheLink) {
    start();
    expect_link_ends("\xff\xff\xff\xff");
}

TEST_F(ServerBadFrames, TheGoawayNamesTheLatestFaultAndNoEarlierOne) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    (void)peer.receive<protocol::request>();
    peer.raw().send(framed(R"({"type":"data","id":1,"end":true,"body":"%"})") + "\xff\xff\xff\xff");
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, protocol::cancel_reason::protocol);
    EXPECT_THAT(peer.receive<protocol::goaway>().detail, testing::Not(HasSubstr("body")));
}

TEST_F(ServerBadFrames, TheGoawayNamesTheRuleThatWasBroken) {
    start();
    const std::vector<std::pair<std::string, std::string>> broken{
        {R"({"type":"request","id":1,"method":"GET","path":"/","end":true})", "`request` is never sent to a server"},
        {R"({"type":"fin","id":1})", "`fin` is never sent to a server"},
        {R"({"type":"closed","connection":1})", "`closed` is never sent to a server"},
        {R"({"type":"hello","protocol":1,"window":1,"max_streams":1})", "`hello` must not be sent twice"},
        {R"({"type":"data","id":7,"end":true})", "`id` names a stream that no request has opened"},
        {R"({"type":"window","id":1,"bytes":-1})", "`bytes` must be an integer from 0 to 2^53-1"},
    };
    for (const auto& [payload, rule] : broken) {
        auto peer = client();
        peer.raw().send(framed(payload));
        EXPECT_EQ(peer.receive<protocol::goaway>().detail, rule) << payload;
    }
}

TEST_F(ServerBadFrames, TheCancelNamesTheRuleThatWasBroken) {
    start();
    const std::string head = R"({"type":"response","id":ID,"status":200,"end":false)";
    const std::string interim = R"({"type":"response","id":ID,"status":103)";
    const std::vector<std::pair<std::vector<std::string>, std::string>> broken{
        {{R"({"type":"data","id":ID,"end":false,"body":"a"})"}, "`body` is not valid base64"},
        {{R"({"type":"data","id":ID,"end":true})"}, "`data` came before the final `response`"},
        {{head + "}", head + "}"}, "a final `response` came before"},
        {{interim + R"(,"end":true})"}, "an interim `response` must have neither a body nor `end`"},
        {std::vector<std::string>(33, interim + R"(,"end":false})"), "more than 32 interim responses"},
        {{head + R"(,"content_length":1,"body":"YWI="})"}, "more body than `content_length`, or body ahead of a 101"},
        {{head + R"(,"content_length":3,"body":"YWI="})", R"({"type":"data","id":ID,"end":true})"},
         "less body than `content_length`"},
        {{head + R"(,"body":")" + std::string(400'000, 'A') + "\"}"}, "more body than credit"},
        {{head + R"(,"headers":[["X","a\r\nb"]]})"}, "the message is not valid HTTP, or not allowed here"},
    };
    for (const auto& [payloads, rule] : broken) {
        auto peer = client();
        auto from = caller();
        from.send(upload);
        const auto id = std::to_string(peer.receive<protocol::request>().id);
        for (auto payload : payloads) peer.raw().send(framed(payload.replace(payload.find("ID"), 2, id)));
        EXPECT_EQ(peer.receive<protocol::cancel>().detail, rule) << payloads.back().substr(0, 200);
    }
}

TEST_F(ServerBadFrames, ALengthJustAboveTheLimitEndsTheLink) {
    start();
    expect_link_ends("\x00\x10\x00\x01"s);
}

TEST_F(ServerBadFrames, ALengthOfZeroEndsTheLink) {
    start();
    expect_link_ends("\0\0\0\0"s);
}

TEST_F(ServerBadFrames, PayloadsThatAreNotAJsonObjectEndTheLink) {
    start();
    for (const std::string& payload :
         std::vector<std::string>{"x", "{", "[]", "1",
                                  R"({"type":"ping","nonce":1} )"
                                  "x",
                                  "\xef\xbb\xbf{\"type\":\"ping\",\"nonce\":1}",
                                  "{\"type\":\"ping\",\"nonce\":1,\"x\":\"\xff\"}", R"({"type":1})"}) {
        SCOPED_TRACE(payload);
        expect_link_ends(framed(payload));
    }
}

TEST_F(ServerBadFrames, ADepthBombEndsTheLink) {
    start();
    expect_link_ends(framed(R"({"type":"ping","nonce":1,"x":)" + std::string(900'000, '[') + "}"));
}

TEST_F(ServerBadFrames, AMemberTwiceEndsTheLink) {
    start();
    expect_link_ends(framed(R"({"type":"ping","nonce":1,"nonce":2})"));
}

TEST_F(ServerBadFrames, IdsThatAreNotStreamIdsEndTheLink) {
    start();
    for (const std::string id :
         {"-1", "1.9", "18446744073709551616", "\"1\"", "null", "true", "0", "9007199254740992"}) {
        SCOPED_TRACE(id);
        expect_link_ends(framed(R"({"type":"cancel","id":)" + id + R"(,"reason":"protocol"})"));
    }
}

TEST_F(ServerBadFrames, AMissingMemberEndsTheLink) {
    start();
    expect_link_ends(framed(R"({"type":"response","id":1,"headers":[],"end":true})"));
    expect_link_ends(framed(R"({"type":"cancel","reason":"protocol"})"));
}

TEST_F(ServerBadFrames, CreditThatIsNegativeOrOverflowsEndsTheLink) {
    start();
    expect_link_ends(framed(R"({"type":"window","id":1,"bytes":-1})"));
    const auto most = framed(R"({"type":"window","id":2,"bytes":9007199254740991})");
    expect_link_ends(most + most, upload);
}

TEST_F(ServerBadFrames, FramesForAStreamThatWasNeverOpenedEndTheLink) {
    start();
    for (const std::string payload :
         {R"({"type":"response","id":9,"status":200,"headers":[],"end":true})", R"({"type":"data","id":9,"end":true})",
          R"({"type":"window","id":9,"bytes":1})", R"({"type":"cancel","id":9,"reason":"protocol"})"}) {
        SCOPED_TRACE(payload);
        expect_link_ends(framed(payload));
    }
}

TEST_F(ServerBadFrames, MessagesThatOnlyTheServerSendsEndTheLink) {
    start();
    expect_link_ends(framed(R"({"type":"request","id":1,"method":"GET","path":"/","headers":[],"end":true})"));
    expect_link_ends(framed(R"({"type":"request","id":2,"method":"GET","path":"/","headers":[],"end":true})"));
    expect_link_ends(framed(R"({"type":"fin","id":1})"));
}

TEST_F(ServerBadFrames, UnknownTypesAndMembersAreIgnored) {
    start();
    expect_link_lives(R"({"type":"weather","sun":true})");
    expect_link_lives(R"({"type":"pong","nonce":5,"extra":{"a":[1,2,{"b":null}]}})");
}

TEST_F(ServerBadFrames, AnUnknownCancelReasonIsACancel) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    (void)peer.receive<protocol::request>();
    peer.send_text(R"({"type":"cancel","id":1,"reason":"mood"})");
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
}

TEST_F(ServerBadFrames, PartOfAFrameThenTheEndFailsItsStreams) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    (void)peer.receive<protocol::request>();
    peer.raw().send("\x00\x00\x00\x40{\"type\":\"resp"s);
    peer.raw().shutdown_send();
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: tunnel-lost\r\n"));
    peer.raw().expect_closed();
}

TEST_F(ServerBadFrames, AFrameThatIsNotWholeInTimeEndsTheLink) {
    times.frame = 100ms;
    times.ping_after = 20ms;
    times.dead_after = 10s;
    start();
    auto peer = client();
    peer.ignore_pings();
    peer.raw().send("\x00\x00\x00\x40{"s);
    EXPECT_EQ(peer.receive<protocol::goaway>().detail, "a frame that had begun was not whole in time");
    peer.raw().expect_closed();
    peer.raw().close();
    stop();
    expect_drained();
    EXPECT_THAT(log.lines_with("broke the protocol: a frame that had begun was not whole in time"), testing::SizeIs(1));
}

TEST_F(ServerBadFrames, FramesOneBehindTheOtherAreNotSlow) {
    times.frame = 100ms;
    times.ping_after = 20ms;
    start();
    auto peer = client();
    // Half a frame always waits, but never the same.
    const auto ping = framed(R"({"type":"ping","nonce":1})");
    peer.raw().send(ping.substr(0, 10));
    const auto until = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < until) {
        peer.raw().send(ping.substr(10) + ping.substr(0, 10));
        while (!std::holds_alternative<protocol::pong>(peer.receive_any())) {
        }
    }
}

TEST_F(ServerBadFrames, AFloodOfPingsWithoutReadingEndsTheLink) {
    start();
    auto peer = client();
    peer.raw().shrink_receive_buffer();
    std::string flood;
    const auto ping = framed(R"({"type":"ping","nonce":1234567890123})");
    while (flood.size() < 32 * limits::mib) flood += ping;
    peer.raw().send_in_background(std::move(flood));
    peer.raw().expect_hang_up();
}

TEST_F(ServerBadFrames, AFloodOfPingsThatIsReadIsReturned) {
    start();
    auto peer = client();
    std::string flood;
    for (int i = 0; i < 10'000; ++i) flood += framed(R"({"type":"ping","nonce":)" + std::to_string(i) + "}");
    peer.raw().send_in_background(std::move(flood));
    for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_EQ(peer.receive<protocol::pong>().nonce, i);
}

TEST_F(ServerBadFrames, ThousandsOfCancelledStreamsLeaveRoomForMore) {
    start();
    auto peer = client();
    auto from = caller();
    for (int i = 0; i < 3000; ++i) {
        from.send(get("/"));
        const auto id = peer.receive<protocol::request>().id;
        peer.cancel(id, protocol::cancel_reason::local_reset);
        (void)read_response(from);
    }
    from.send(get("/"));
    EXPECT_EQ(peer.receive<protocol::request>().id, 3001U);
}

TEST_F(ServerBadFrames, ThousandsOfBadBodiesLeaveRoomForMore) {
    settings.max_in_flight = 10;
    start();
    auto peer = client();
    auto from = caller();
    for (int i = 1; i <= 20; ++i) {
        from.send(get("/"));
        const auto id = peer.receive<protocol::request>().id;
        peer.send_text(R"({"type":"response","id":)" + std::to_string(id) +
                       R"(,"status":200,"headers":[],"end":true,"body":"a"})");
        EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
        EXPECT_EQ(peer.receive<protocol::cancel>().id, id);
    }
}

}  // namespace

}  // namespace tunnel::server
