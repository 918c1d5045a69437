#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "protocol/coded_message.hpp"
#include "protocol/sample_messages.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::protocol {
namespace {

TEST(Codec, EveryTypeSurvives) {
    expect_round_trip(hello{1, "tunnel-server/1.0.0", 262144, 1024, false, ""});
    expect_round_trip(hello{1, "", 0, 0, true, "0123456789abcdef"});
    expect_round_trip(window{1, limits::max_number});
    expect_round_trip(fin{1});
    expect_round_trip(ping{limits::max_number});
    expect_round_trip(pong{0});
    for (const auto reason : {cancel_reason::caller_gone, cancel_reason::local_reset, cancel_reason::local_timeout,
                              cancel_reason::too_large, cancel_reason::protocol, cancel_reason::shutdown,
                              cancel_reason::reset, cancel_reason::other}) {
        expect_round_trip(cancel{limits::max_stream_id, reason});
    }
    for (const auto reason : {goaway_reason::replaced, goaway_reason::busy, goaway_reason::shutdown,
                              goaway_reason::version, goaway_reason::protocol, goaway_reason::other}) {
        expect_round_trip(goaway{reason, "because"});
        expect_round_trip(goaway{reason, ""});
    }
    expect_round_trip(sample_request());
    expect_round_trip(request{.id = 1, .head = {}, .body = {}, .end = false, .trailers = {}, .from = {}});
}

TEST(Codec, EveryByteSurvivesInEveryByteString) {
    const std::string all = every_byte();
    request m;
    m.id = 1;
    m.head.method = all;
    m.head.target = all;
    m.head.fields.add(all, all);
    m.head.upgrade = all;
    m.body.append(all);
    m.end = true;
    m.trailers.add(all, all);
    expect_round_trip(m);
    response r;
    r.id = 1;
    r.head.status = 599;
    r.head.reason = all;
    r.head.fields.add("", "");
    expect_round_trip(r);
}

TEST(Codec, BodiesOfEveryLengthSurvive) {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 400; ++length) {
        data m;
        m.id = 1;
        for (std::size_t i = 0; i < length; ++i) m.body.push_back(static_cast<char>(random() & 0xff));
        m.end = length % 2 == 0;
        expect_round_trip(m);
    }
    for (const std::size_t length : {limits::shared_body_slice, limits::body_slice, 3 * limits::max_frame / 4 - 100}) {
        data m;
        m.id = 1;
        m.body.append(std::string(length, 'z'));
        expect_round_trip(m);
    }
}

TEST(Codec, RandomMessagesSurvive) {
    std::mt19937 random(2);
    for (int round = 0; round < 3000; ++round) {
        request m;
        m.id = 1 + random() % limits::max_stream_id;
        m.head.method = random_bytes(random, 10);
        m.head.target = random_bytes(random, 100);
        m.head.fields = random_fields(random);
        if (random() % 2 == 0) m.head.content_length = random();
        if (m.head.content_length && round % 2 == 0) m.head.content_length_at = static_cast<std::uint32_t>(round % 12);
        m.head.upgrade = random_bytes(random, 10);
        m.head.accepts_trailers = random() % 2 == 0;
        m.body.append(random_bytes(random, 300));
        m.end = random() % 2 == 0;
        // A name such as `te` must not be a trailer: the decoder drops it.
        if (m.end) m.trailers = random_fields(random, "t-");
        expect_round_trip(m);

        response r;
        r.id = m.id;
        r.head.status = 100 + static_cast<unsigned>(random() % 500);
        r.head.reason = random_bytes(random, 30);
        r.head.fields = random_fields(random);
        r.head.content_length = m.head.content_length;
        r.head.content_length_at = m.head.content_length_at;
        r.body.append(random_bytes(random, 300));
        r.end = m.end;
        r.trailers = m.trailers;
        expect_round_trip(r);
    }
}

}  // namespace
}  // namespace tunnel::protocol
