// Bodies of every size and byte, both ways.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <thread>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

struct way {
    const char* name;
    bool raw_bodies;
    client::compress_mode compress;
};

/// In frames as every peer reads them, raw, and compressed.
class Bodies : public TunnelTest, public testing::WithParamInterface<way> {
 protected:
    Bodies() {
        client_options.raw_bodies = GetParam().raw_bodies;
        client_options.compress = GetParam().compress;
    }
};

constexpr std::size_t mib = 1024 * 1024;
constexpr std::array<std::size_t, 6> sizes{0, 1, 256, 65'535, 65'536, mib};
constexpr std::uint64_t large = 256 * mib;  // takes 12 s with ThreadSanitizer, so no build needs less

// What both programs, the app and the caller together may hold of a body on its way.
constexpr std::size_t memory_kib = 48 * 1024;

std::string chunked(std::string_view body, std::size_t chunk) {
    std::string framed;
    for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
        const auto piece = body.substr(0, chunk);
        std::array<char, 32> size{};
        std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
        framed += size.data();
        framed += piece;
        framed += "\r\n";
    }
    return framed + "0\r\n\r\n";
}

TEST_P(Bodies, WithALengthArriveAndComeBackUnchanged) {
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (const auto size : sizes) {
        SCOPED_TRACE(size);
        const auto body = pattern_text(size);
        const auto length = "Content-Length: " + std::to_string(size) + "\r\n";
        caller.send("POST /b HTTP/1.1\r\nHost: a\r\n" + length + "\r\n" + body);
        const auto answer = caller.read_message();
        const auto seen = app.last_seen();
        EXPECT_EQ(seen.head, forwarded("POST /b HTTP/1.1", "Host: a\r\n", "a", length));
        EXPECT_TRUE(seen.body == body);
        EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 OK\r\nX-Method: POST\r\n" + length + "\r\n");
        EXPECT_TRUE(answer.body == body);
    }
}

TEST_P(Bodies, InChunksArriveAndComeBackInChunks) {
    app.on("/b", [](sample_app_server::call& c) {
        c.read_body();
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(c.request.body, 1'000));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (const auto size : sizes) {
        for (const std::size_t chunk : {std::size_t{7'777}, std::size_t{500'000}}) {
            SCOPED_TRACE(std::to_string(size) + " in chunks of " + std::to_string(chunk));
            const auto body = pattern_text(size);
            caller.send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, chunk));
            const auto answer = caller.read_message();
            const auto seen = app.last_seen();
            EXPECT_EQ(seen.head, forwarded("POST /b HTTP/1.1", "Host: a\r\n", "a", "Transfer-Encoding: chunked\r\n"));
            EXPECT_TRUE(seen.body == body);
            EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            EXPECT_TRUE(answer.body == body);
        }
    }
}

TEST_P(Bodies, InChunksOfOneByteEachArriveWhole) {
    ASSERT_NO_FATAL_FAILURE(start());
    const auto body = pattern_text(3'000);
    const auto answer = ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 1));
    EXPECT_TRUE(app.last_seen().body == body);
    EXPECT_TRUE(answer.body == body);
}

TEST_P(Bodies, SentByteByByteArriveWhole) {
    ASSERT_NO_FATAL_FAILURE(start());
    const auto request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n" + pattern_text(300);
    auto caller = call();
    for (const auto byte : request) caller.send(std::string_view(&byte, 1));
    EXPECT_EQ(caller.read_message().body, pattern_text(300));
}

TEST_P(Bodies, UntilTheCloseOfTheAppComeInChunks) {
    app.on("/", [](sample_app_server::call& c) {
        c.reply("HTTP/1.1 200 OK\r\n\r\n" + pattern_text(mib));
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    const auto answer = get("/");
    EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_TRUE(answer.body == pattern_text(mib));
}

TEST_P(Bodies, Of256MiBAreUploadedInLittleMemory) {
    app.on("/upload", sample_app_server::upload);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    forget_peak();
    const auto before = resident_kib();
    caller.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n");
    caller.send_pattern(large);
    const auto answer = caller.read_message();
    EXPECT_EQ(answer.body, std::to_string(large) + " bytes");
    EXPECT_LT(peak_kib(), before + memory_kib + memory_slack_kib);
}

TEST_P(Bodies, Of256MiBAreDownloadedInLittleMemory) {
    app.on("/download", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    forget_peak();
    const auto before = resident_kib();
    caller.send("GET /download?" + std::to_string(large) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto head = caller.read_head();
    EXPECT_EQ(without_date(head), "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n");
    caller.read_pattern(large);
    EXPECT_LT(peak_kib(), before + memory_kib + memory_slack_kib);
    // Nothing is left over: the connection takes the next request.
    caller.send("GET /download?3 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().body, pattern_text(3));
}

TEST_P(Bodies, GoBothWaysAtTheSameTime) {
    constexpr std::uint64_t size = 32 * mib;
    app.on("/mirror", [](sample_app_server::call& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        for (std::uint64_t done = 0; done < size;) {
            const auto piece = c.socket.read_some();
            if (piece.empty()) throw peer_left(false);
            c.reply(piece);
            done += piece.size();
        }
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /mirror HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    std::jthread sender([&] { caller.send_pattern(size); });
    EXPECT_EQ(caller.read_head().substr(0, 15), "HTTP/1.1 200 OK");
    EXPECT_NO_THROW(caller.read_pattern(size));
}

using client::compress_mode;
INSTANTIATE_TEST_SUITE_P(InFrames, Bodies,
                         testing::Values(way{"InBase64", false, compress_mode::off},
                                         way{"Raw", true, compress_mode::off},
                                         way{"Compressed", false, compress_mode::on}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace

}  // namespace tunnel::test
