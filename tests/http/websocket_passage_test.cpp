#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "http/websocket_passage.hpp"

namespace tunnel::http {

namespace {

using namespace std::string_literals;
using sender = websocket_passage::sender;

const auto close_of_server = "\x88\x02\x03\xE9"s;

std::string text_frame(std::size_t length) {
    std::string head = "\x81"s;
    if (length < 126) {
        head += static_cast<char>(length);
    } else if (length < 65'536) {
        head += "\x7E"s + static_cast<char>(length >> 8U) + static_cast<char>(length & 0xFFU);
    } else {
        head += "\x7F"s + std::string(4, '\0');
        for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(length >> shift & 0xFFU);
    }
    return head + std::string(length, 'x');
}

/// The same, as a client sends it, with the mask 0.
std::string masked(std::string frame) {
    frame[1] = static_cast<char>(frame[1] | 0x80);
    const auto length = frame[1] & 0x7F;
    return frame.insert(length == 127 ? 10 : length == 126 ? 4 : 2, 4, '\0');
}

std::string passed(websocket_passage& passage, std::string_view bytes) {
    byte_buffer buffer(bytes);
    passage.pass(buffer);
    return std::string(buffer.view());
}

/// The Close frame of a client, unmasked.
std::string unmasked(std::string frame) {
    EXPECT_EQ(frame.size(), 8U);
    for (std::size_t i = 6; i < frame.size(); ++i) frame[i] = static_cast<char>(frame[i] ^ frame[i - 4]);
    return frame.erase(2, 4);
}

TEST(WebsocketPassage, BetweenFramesTheCloseFrameIsThereAtOnce) {
    for (const auto length : {0, 1, 125, 126, 65'535, 65'536, 100'000}) {
        websocket_passage passage(sender::server);
        const auto frame = text_frame(static_cast<std::size_t>(length));
        EXPECT_EQ(passed(passage, frame), frame);
        EXPECT_EQ(passage.end(), close_of_server) << length;
        EXPECT_EQ(passage.end(), "");
    }
    EXPECT_EQ(websocket_passage(sender::server).end(), close_of_server);
}

TEST(WebsocketPassage, AClientsCloseFrameIsMasked) {
    for (const auto length : {0, 125, 126, 65'536}) {
        websocket_passage passage(sender::client);
        const auto frame = masked(text_frame(static_cast<std::size_t>(length)));
        EXPECT_EQ(passed(passage, frame), frame);
        EXPECT_EQ(unmasked(passage.end()), "\x88\x82\x03\xE9"s);
    }
}

TEST(WebsocketPassage, InsideAFrameTheCloseFrameFollowsItWhateverTheSplit) {
    for (const auto& frame : {text_frame(5), text_frame(200), masked(text_frame(5)), masked(text_frame(200))}) {
        for (std::size_t split = 1; split < frame.size(); ++split) {
            websocket_passage passage(sender::server);
            const auto behind = text_frame(3);
            EXPECT_EQ(passed(passage, behind + frame.substr(0, split)), behind + frame.substr(0, split));
            EXPECT_EQ(passage.end(), "");
            EXPECT_EQ(passed(passage, frame.substr(split) + behind), frame.substr(split) + close_of_server) << split;
            EXPECT_EQ(passed(passage, behind), "");
        }
    }
}

TEST(WebsocketPassage, ByteByByteIsTheSame) {
    websocket_passage passage(sender::server);
    const auto frames = text_frame(300) + text_frame(0) + text_frame(7);
    std::string through;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (i == 10) {
            EXPECT_EQ(passage.end(), "");
        }
        through += passed(passage, frames.substr(i, 1));
    }
    EXPECT_EQ(through, text_frame(300) + close_of_server);
}

TEST(WebsocketPassage, ACloseFrameMayStandInsideAFragmentedMessage) {
    websocket_passage passage(sender::server);
    (void)passed(passage, "\x01\x02he"s);  // a text that goes on
    EXPECT_EQ(passage.end(), close_of_server);
}

TEST(WebsocketPassage, TheSendersOwnCloseFrameIsNotFollowedByOurs) {
    const auto own = "\x88\x02\x03\xE8"s;
    websocket_passage before(sender::server);
    EXPECT_EQ(passed(before, own), own);
    EXPECT_EQ(before.end(), "");
    EXPECT_EQ(passed(before, "rest"), "rest");
    for (std::size_t split = 1; split < own.size(); ++split) {
        websocket_passage meanwhile(sender::server);
        EXPECT_EQ(passed(meanwhile, own.substr(0, split)), own.substr(0, split));
        EXPECT_EQ(meanwhile.end(), "");
        EXPECT_EQ(passed(meanwhile, own.substr(split)), own.substr(split));
    }
}

}  // namespace

}  // namespace tunnel::http
