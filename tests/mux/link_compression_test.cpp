#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "mux/link_fixture.hpp"
#include "protocol/stream_compressor.hpp"
#include "protocol/stream_expander.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {
namespace {

/// A link whose server chose compression.
class LinkCompressed : public Link {
 protected:
    void start_compressed() {
        start();
        peer->send_text(
            R"({"type":"hello","protocol":1,"window":1048576,"max_streams":1024,"takeover":true,"compress":"zstd"})");
    }

    /// Requests that arrive at once; for each response, how many compressed bytes had arrived when it was whole.
    std::vector<std::size_t> responses_to(protocol::stream_id requests) {
        while (!std::holds_alternative<protocol::ping>(receive_compressed())) continue;
        byte_buffer frames;
        for (protocol::stream_id id = 1; id <= requests; ++id) {
            protocol::append_request(frames, id, test::request_head("GET", "/"), "", true);
        }
        byte_buffer compressed;
        compressor_.compress(frames.view(), compressed);
        peer->raw().send(compressed.view());
        std::vector<std::size_t> whole_at;
        while (whole_at.size() < requests) {
            if (std::holds_alternative<protocol::response>(receive_compressed())) whole_at.push_back(arrived_);
        }
        return whole_at;
    }

 private:
    /// The next message.
    protocol::message receive_compressed() {
        for (;;) {
            std::error_code error;
            const auto frame = protocol::read_frame(expanded_.view(), error);
            EXPECT_FALSE(error);
            if (frame.complete()) {
                protocol::message m;
                EXPECT_FALSE(decoder_.decode(frame.payload, m));
                expanded_.consume(frame.total);
                return m;
            }
            expander_.received().append(peer->raw().read_exactly(1));
            ++arrived_;
            while (expander_.pending()) EXPECT_FALSE(expander_.expand(expanded_));
        }
    }

    std::size_t arrived_ = 0;
    protocol::stream_compressor compressor_;
    protocol::stream_expander expander_;
    byte_buffer expanded_;
    protocol::message_decoder decoder_;
};

TEST_F(LinkCompressed, TheFirstOfSeveralResponsesDoesNotWaitForTheLast) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) {
        s->send(response_of(limits::compressed_together));
    };
    start_compressed();
    const auto whole_at = responses_to(5);
    for (std::size_t i = 1; i < whole_at.size(); ++i) EXPECT_GT(whole_at[i], whole_at[i - 1]) << i;
}

TEST_F(LinkCompressed, SmallResponsesShareABlock) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(1)); };
    start_compressed();
    const auto whole_at = responses_to(5);
    EXPECT_EQ(whole_at, std::vector<std::size_t>(5, whole_at.front()));
}

}  // namespace
}  // namespace tunnel::mux
