#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "protocol/stream_compressor.hpp"
#include "protocol/stream_expander.hpp"
#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::get;
using test::read_response;
using test::without_date;
using testing::HasSubstr;
using testing::SizeIs;

/// What arrives first on a connection to the tunnel port.
using ServerHandshake = test::server_fixture;

TEST_F(ServerHandshake, WithoutAClientARequestIsAnswered503AtOnce) {
    start();
    auto from = caller();
    from.send(get("/"));
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 503 Service Unavailable\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Cache-Control: no-store\r\n"
              "X-Tunnel-Error: no-client\r\n"
              "Retry-After: 1\r\n"
              "Content-Length: 80\r\n"
              "\r\n"
              "tunnel-server: no tunnel-client is connected; start tunnel-client and try again\n");
}

TEST_F(ServerHandshake, AHelloIsReturnedByOurs) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello();
    EXPECT_THAT(
        peer.receive_text(),
        testing::MatchesRegex(R"(\{"type":"hello","protocol":1,"agent":"tunnel-server/0\.1\.0","window":32768,)"
                              R"("max_streams":1024,"versions":\[1\],"public_url":"http://127\.0\.0\.1:[0-9]+"\})"));
    expect_served_by(peer);
}

TEST_F(ServerHandshake, RawBodiesAreReadAndWrittenWhereTheClientAsksForThem) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(
        R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"takeover":true,"raw_bodies":true})");
    EXPECT_TRUE(peer.receive<protocol::hello>().raw_bodies);
    peer.leave_first_ping();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\xff{}");
    auto prefix = peer.raw().read_exactly(4);
    EXPECT_EQ(prefix[0], '\x80');
    const auto size =
        static_cast<std::size_t>(static_cast<unsigned char>(prefix[2]) * 256 + static_cast<unsigned char>(prefix[3]));
    EXPECT_THAT(peer.raw().read_exactly(size), testing::EndsWith(R"(,"end":true})"
                                                                 "\xff{}"));
    byte_buffer answer;
    http::response_head head;
    head.status = 200;
    head.content_length = 4;
    append_response(answer, 1, head, std::string_view("\0}{\xfe", 4), true, {}, protocol::body_form::raw);
    peer.raw().send(answer.view());
    EXPECT_EQ(from.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 200");
    EXPECT_EQ(from.read_exactly(4), std::string_view("\0}{\xfe", 4));
}

constexpr std::string_view offering_hello =
    R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"takeover":true,"compress":["other","zstd"]})";

/// Everything that the server sends compressed until it closes the connection.
std::string expanded(std::string_view compressed) {
    protocol::stream_expander expander;
    expander.received().append(compressed);
    byte_buffer all;
    while (expander.pending()) EXPECT_FALSE(expander.expand(all));
    return std::string(all.view());
}

TEST_F(ServerHandshake, WhatFollowsTheHellosIsCompressedWhereTheClientOffersIt) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(offering_hello);
    EXPECT_EQ(peer.receive<protocol::hello>().compress, "zstd");
    byte_buffer frames;
    append_frame(frames, protocol::ping{7});
    append_frame(frames, protocol::goaway{protocol::goaway_reason::shutdown, "", {}});
    protocol::stream_compressor compressor;
    byte_buffer compressed;
    compressor.compress(frames.view(), compressed);
    peer.raw().send(compressed.view());
    const auto received = expanded(peer.raw().read_to_end());
    EXPECT_THAT(received, testing::HasSubstr(R"({"type":"ping","nonce":1})"));
    EXPECT_THAT(received, testing::HasSubstr(R"({"type":"pong","nonce":7})"));
}

TEST_F(ServerHandshake, AProbeIsNotCompressed) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(
        R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"probe":true,"compress":["zstd"]})");
    EXPECT_EQ(peer.receive<protocol::hello>().compress, "");
    peer.send(protocol::ping{3});
    EXPECT_EQ(peer.receive<protocol::pong>().nonce, 3U);
}

TEST_F(ServerHandshake, ACompressedFloodEndsTheConnection) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(offering_hello);
    (void)peer.receive<protocol::hello>();
    byte_buffer frames;
    // What has no pong, so that nothing but the bound ends it.
    for (int i = 0; i < 200'000; ++i) append_frame(frames, protocol::pong{1});
    protocol::stream_compressor compressor;
    byte_buffer compressed;
    compressor.compress(frames.view(), compressed);
    peer.raw().send(compressed.view());
    EXPECT_THAT(expanded(peer.raw().read_to_any_end()), testing::HasSubstr(R"("reason":"protocol")"));
}

TEST_F(ServerHandshake, WhatIsNotCompressedAsAgreedEndsTheConnection) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(offering_hello);
    (void)peer.receive<protocol::hello>();
    peer.send(protocol::ping{7});
    EXPECT_THAT(expanded(peer.raw().read_to_any_end()), testing::HasSubstr(R"("reason":"protocol")"));
}

TEST_F(ServerHandshake, ARawBodyThatWasNotAskedForEndsTheConnection) {
    start();
    auto peer = test::frame_peer::active_client(tunnel_port());
    byte_buffer frame;
    append_data(frame, 1, "x", true, {}, protocol::body_form::raw);
    peer.raw().send(frame.view());
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, protocol::goaway_reason::protocol);
}

TEST_F(ServerHandshake, TheServerSendsNothingBeforeAHello) {
    start();
    test::raw_peer scan(tunnel_port());
    EXPECT_TRUE(scan.stays_silent(50ms));
}

TEST_F(ServerHandshake, AHelloByteByByteIsAHello) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    const std::string hello =
        R"({"type":"hello","protocol":1,"agent":"a","window":1000,"max_streams":10,"takeover":true})";
    std::string frame{'\0', '\0', '\0', static_cast<char>(hello.size())};
    frame += hello;
    for (const char byte : frame) peer.raw().send({&byte, 1});
    (void)peer.receive<protocol::hello>();
    expect_served_by(peer);
}

TEST_F(ServerHandshake, AnotherProtocolVersionIsToldAndClosed) {
    start();
    auto active = client();
    test::frame_peer other{test::raw_peer(tunnel_port())};
    other.send_text(R"({"type":"hello","protocol":2,"agent":"later","window":1,"max_streams":1,"takeover":true})");
    expect_goaway(other, goaway_reason::version);
    expect_served_by(active);
}

TEST_F(ServerHandshake, AFirstFrameOtherThanHelloIsRefused) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send(protocol::ping{1});
    expect_goaway(peer, goaway_reason::protocol);
}

TEST_F(ServerHandshake, ASecondHelloIsRefused) {
    start();
    auto peer = client();
    peer.say_hello();
    expect_goaway(peer, goaway_reason::protocol);
}

TEST_F(ServerHandshake, AGoawayInsteadOfAHelloEndsTheConnection) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send(protocol::goaway{goaway_reason::shutdown, "never mind"});
    peer.raw().expect_closed();
}

TEST_F(ServerHandshake, AConnectionWithoutAHelloInTimeIsToldAndClosedAndDisturbsNoClient) {
    times.hello = 100ms;
    start();
    auto active = client();
    test::frame_peer scan{test::raw_peer(tunnel_port())};
    expect_served_by(active);
    const auto goodbye = scan.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::protocol);
    EXPECT_EQ(goodbye.detail, "no hello arrived in time");
    scan.raw().expect_closed();
    scan.raw().close();
    expect_served_by(active);
    stop();
    active.expect_end();
    active.raw().close();
    expect_drained();
    EXPECT_THAT(log.lines_with("broke the protocol: no hello arrived in time"), SizeIs(1));
}

TEST_F(ServerHandshake, AConnectionThatClosesWithoutAByteIsNotWorthAWarning) {
    start();
    test::raw_peer(tunnel_port()).close();
    test::raw_peer began(tunnel_port());
    began.send("\x01");
    began.close();
    log.expect_lines_with("did not become a client: closed by peer", 2);
    EXPECT_THAT(log.lines_with("did not become a client: closed by peer"),
                testing::UnorderedElementsAre(testing::StartsWith("debug "), testing::StartsWith("warning ")));
}

TEST_F(ServerHandshake, AProbeIsAnsweredAndDisplacesNoClient) {
    start();
    auto active = client();
    test::frame_peer probe{test::raw_peer(tunnel_port())};
    probe.send_text(R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"takeover":true,"probe":true})");
    const auto ours = probe.receive<protocol::hello>();
    EXPECT_TRUE(ours.probe);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto theirs = std::chrono::milliseconds(ours.time);
    EXPECT_LT(std::chrono::abs(std::chrono::duration_cast<std::chrono::milliseconds>(now) - theirs), 60s);
    probe.send(protocol::ping{5});
    EXPECT_EQ(probe.receive<protocol::pong>().nonce, 5U);
    expect_served_by(active);
    probe.raw().close();
    expect_served_by(active);
}

TEST_F(ServerHandshake, AProbeServesNoRequest) {
    start();
    test::frame_peer probe{test::raw_peer(tunnel_port())};
    probe.send_text(R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"probe":true})");
    EXPECT_TRUE(probe.receive<protocol::hello>().probe);
    auto from = caller();
    from.send(get("/"));
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: no-client\r\n"));
}

TEST_F(ServerHandshake, AScanThatClosesDisturbsNoClient) {
    start();
    auto active = client();
    for (int i = 0; i < 10; ++i) test::raw_peer(tunnel_port()).reset();
    for (int i = 0; i < 10; ++i) test::raw_peer(tunnel_port()).close();
    expect_served_by(active);
}

TEST_F(ServerHandshake, ManyScansDoNotKeepAClientOut) {
    start();
    std::vector<test::raw_peer> scans;
    for (std::size_t i = 0; i < limits::max_handshakes + 10; ++i) scans.emplace_back(tunnel_port());
    auto active = client();
    scans.front().expect_closed();
    expect_served_by(active);
}

TEST_F(ServerHandshake, ManyScansDoNotCutTheRequestsOfAClientThatLeaves) {
    start();
    auto leaving = client();
    auto from = caller();
    from.send(get("/slow"));
    const auto request = leaving.receive<protocol::request>();
    leaving.send(protocol::goaway{goaway_reason::shutdown, ""});
    log.expect_lines_with("ends its session", 1);
    std::vector<test::raw_peer> scans;
    for (std::size_t i = 0; i < limits::max_handshakes + 10; ++i) scans.emplace_back(tunnel_port());
    scans.front().expect_closed();
    leaving.respond(request.id, test::response_head(200), "whole");
    EXPECT_THAT(read_response(from), HasSubstr("whole"));
}

TEST_F(ServerHandshake, WhoBreaksTheProtocolBeforeItIsActiveIsLoggedAFewTimes) {
    start();
    auto active = client();
    constexpr auto wrong_hello =
        R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"takeover":true,"compress":"zstd"})";
    for (std::uint64_t i = 0; i < limits::logged_peers + 10; ++i) {
        test::frame_peer stranger{test::raw_peer(tunnel_port())};
        stranger.send_text(wrong_hello);
        expect_goaway(stranger, goaway_reason::protocol);
    }
    expect_served_by(active);
    const auto lines = log.lines_with("compress");
    const auto shown = std::ranges::count_if(lines, [](const auto& line) { return !line.starts_with("debug"); });
    EXPECT_GE(shown, 1);
    EXPECT_LE(static_cast<std::uint64_t>(shown), limits::logged_peers);
}

TEST_F(ServerHandshake, AnHttpRequestToTheTunnelPortIsClosedWithAClearLogLine) {
    start();
    auto active = client();
    test::frame_peer lost{test::raw_peer(tunnel_port())};
    lost.raw().send(get("/"));
    expect_goaway(lost, goaway_reason::protocol);
    expect_served_by(active);
    EXPECT_THAT(log.lines_with("HTTP"), testing::Not(testing::IsEmpty()));
}

}  // namespace

}  // namespace tunnel::server
