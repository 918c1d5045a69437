#include "mux/link.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mux/link_fixture.hpp"

namespace tunnel::mux {
namespace {

TEST_F(Link, ARequestIsServed) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(3)); };
    start_greeted();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        peer->request(id, test::request_head("GET", "/"));
        EXPECT_EQ(peer->receive<protocol::response>().id, id);
    }
}

TEST_F(Link, FramesInOneSegmentAndFramesByteByByteAreTheSame) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(1)); };
    start_greeted();
    byte_buffer frames;
    for (protocol::stream_id id = 1; id <= 5; ++id) {
        protocol::append_request(frames, id, test::request_head("GET", "/"), "body", true);
    }
    peer->raw().send(frames.view());
    for (protocol::stream_id id = 1; id <= 5; ++id) EXPECT_EQ(peer->receive<protocol::response>().id, id);
    frames.clear();
    protocol::append_request(frames, 6, test::request_head("GET", "/"), "body", true);
    for (const char byte : frames.view()) peer->raw().send({&byte, 1});
    EXPECT_EQ(peer->receive<protocol::response>().id, 6U);
}

TEST_F(Link, ARequestWithMoreBodyThanItsCreditFailsAlone) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(1)); };
    start_greeted();
    peer->request(1, test::request_head("POST", "/"), std::string(limits::initial_window + 1, 'x'));
    const auto cancel = peer->receive<protocol::cancel>();
    EXPECT_EQ(cancel.id, 1U);
    EXPECT_EQ(cancel.reason, protocol::cancel_reason::protocol);
    peer->request(2, test::request_head("POST", "/"), std::string(limits::initial_window, 'x'));
    EXPECT_EQ(peer->receive<protocol::response>().id, 2U);
}

TEST_F(Link, AFrameOfTheLargestSizeArrives) {
    start_greeted();
    const std::string around = R"({"type":"ping","nonce":7,"x":""})";
    peer->send_text(R"({"type":"ping","nonce":7,"x":")" + std::string(limits::max_frame - around.size(), 'x') + "\"}");
    EXPECT_EQ(peer->receive<protocol::pong>().nonce, 7U);
}

TEST_F(Link, APongOvertakesALargeResponse) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request& r) {
        s->send(response_of(r.head.target == "/large" ? 900'000 : 1));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/large"));
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->send(protocol::ping{1});
    bool ended = false;
    bool ponged = false;
    while (!ponged) {
        auto m = peer->receive_any();
        ponged = std::holds_alternative<protocol::pong>(m);
        if (const auto* data = std::get_if<protocol::data>(&m)) ended = data->end;
    }
    // Where the kernel took it all at once nothing was left to overtake.
    while (!ended) ended = peer->receive<protocol::data>().end;
}

/// Two responses of three slices each that become ready in the same moment.
class LinkShared : public Link {
 protected:
    void SetUp() override {
        serving = [this](std::shared_ptr<exchange> s, const protocol::request&) {
            asked.push_back(std::move(s));
            if (asked.size() < 2) return;
            for (const auto& each : asked) each->send(response_of(3 * limits::body_slice));
            both_sent.set_value();
        };
    }

    /// Bytes of body in each frame, in the order of the frames.
    std::vector<std::size_t> slices() {
        start_greeted();
        for (const protocol::stream_id id : {1U, 2U}) peer->request(id, test::request_head("GET", "/"));
        EXPECT_EQ(both_sent.get_future().wait_for(test::patience), std::future_status::ready);
        // A peer that reads meanwhile makes room, and a small buffer takes all at once.
        wait_for_iteration();
        wait_for_iteration();
        std::vector<std::size_t> sizes;
        for (int ended = 0; ended < 2;) {
            auto m = peer->receive_any();
            if (const auto* head = std::get_if<protocol::response>(&m)) sizes.push_back(head->body.size());
            if (const auto* data = std::get_if<protocol::data>(&m)) {
                sizes.push_back(data->body.size());
                ended += data->end ? 1 : 0;
            }
        }
        return sizes;
    }

    std::vector<std::shared_ptr<exchange>> asked;
    std::promise<void> both_sent;
};

TEST_F(LinkShared, TakesWholeSlicesWhileTheKernelTakesAllAtOnce) {
    EXPECT_EQ(slices(), std::vector<std::size_t>(6, limits::body_slice));
}

TEST_F(LinkShared, TakesSmallSlicesFromWhereTheKernelDidNot) {
    slow = true;
    std::vector<std::size_t> expected(2, limits::body_slice);  // of the first response
    expected.insert(expected.end(), 2 * limits::body_slice / limits::shared_body_slice, limits::shared_body_slice);
    expected.insert(expected.end(), 2, limits::body_slice);  // the second response is alone
    EXPECT_EQ(slices(), expected);
}

TEST_F(Link, TheEndOfAPublicConnectionReachesTheOwner) {
    start_greeted();
    peer->send(protocol::closed_connection{7});
    peer->send(protocol::closed_connection{9});
    peer->raw().close();
    program.expect_drained(test::patience);
    EXPECT_EQ(closed, (std::vector<std::uint64_t>{7, 9}));
}

TEST_F(Link, ControlFramesThatWaitForTheNextWriteAreNotAFlood) {
    constexpr std::size_t frames = limits::control_queue / 40;  // of more than 40 bytes each: more than may wait
    serving = [this](const std::shared_ptr<exchange>& s, const protocol::request&) {
        for (std::size_t i = 0; i < frames; ++i) own->send(protocol::hello{});
        s->send(response_of(3));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    for (std::size_t i = 0; i < frames; ++i) (void)peer->receive<protocol::hello>();
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
}

}  // namespace
}  // namespace tunnel::mux
