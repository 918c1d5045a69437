#include "mux/stream_table.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tunnel::mux {

using protocol::stream_id;
namespace {

using table = stream_table<std::string>;

TEST(StreamTable, NumbersItsOwnStreamsFromOne) {
    table streams;
    EXPECT_EQ(streams.open("a"), 1U);
    EXPECT_EQ(streams.open("b"), 2U);
    ASSERT_NE(streams.find(2), nullptr);
    EXPECT_EQ(*streams.find(2), "b");
    EXPECT_EQ(streams.size(), 2U);
}

TEST(StreamTable, TakesRisingIdsOfThePeerOnly) {
    table streams;
    EXPECT_FALSE(streams.open_as(0, "zero"));
    EXPECT_TRUE(streams.open_as(5, "a"));
    EXPECT_FALSE(streams.open_as(5, "again"));
    EXPECT_FALSE(streams.open_as(4, "late"));
    EXPECT_TRUE(streams.open_as(6, "b"));
    EXPECT_EQ(*streams.find(5), "a");
}

TEST(StreamTable, AnIdIsNotReusedAfterItsStreamIsClosed) {
    table streams;
    ASSERT_TRUE(streams.open_as(3, "a"));
    streams.finish_local(3);
    streams.finish_remote(3);
    EXPECT_FALSE(streams.open_as(3, "again"));
}

TEST(StreamTable, IdsEndAtTheLargestJsonInteger) {
    table streams;
    EXPECT_FALSE(streams.open_as(limits::max_stream_id + 1, "too far"));
    EXPECT_TRUE(streams.open_as(limits::max_stream_id, "last"));
    EXPECT_EQ(streams.open("one more"), 0U);
    EXPECT_EQ(streams.size(), 1U);
}

TEST(StreamTable, AStreamStaysUntilBothSidesAreDone) {
    table streams;
    const stream_id id = streams.open("a");
    EXPECT_FALSE(streams.finish_local(id));
    EXPECT_TRUE(streams.local_done(id));
    EXPECT_FALSE(streams.remote_done(id));
    EXPECT_FALSE(streams.finish_local(id)) << "twice is once";
    EXPECT_NE(streams.find(id), nullptr);
    EXPECT_TRUE(streams.finish_remote(id));
    EXPECT_EQ(streams.find(id), nullptr);
    EXPECT_TRUE(streams.empty());
    EXPECT_FALSE(streams.finish_remote(id));
}

TEST(StreamTable, TellsClosedFromNeverOpened) {
    table streams;
    ASSERT_TRUE(streams.open_as(10, "a"));
    EXPECT_EQ(streams.state(10), table::lookup::open);
    EXPECT_EQ(streams.state(11), table::lookup::never_opened);
    EXPECT_EQ(streams.state(0), table::lookup::never_opened);
    streams.finish_local(10);
    EXPECT_EQ(streams.state(10), table::lookup::open);
    streams.finish_remote(10);
    EXPECT_EQ(streams.state(10), table::lookup::closed);
    EXPECT_TRUE(streams.local_done(10));
    EXPECT_TRUE(streams.remote_done(10));
}

TEST(StreamTable, ARecycledEntryForgetsTheStreamBefore) {
    stream_table<std::shared_ptr<int>> streams;
    auto first = std::make_shared<int>(1);
    const stream_id id = streams.open(first);
    streams.finish_local(id);
    streams.finish_remote(id);
    EXPECT_EQ(first.use_count(), 1) << "nothing of a closed stream is kept";
    const stream_id next = streams.open(std::make_shared<int>(2));
    EXPECT_EQ(**streams.find(next), 2);
    EXPECT_FALSE(streams.local_done(next));
    EXPECT_FALSE(streams.remote_done(next));
    EXPECT_EQ(streams.find(id), nullptr);
}

TEST(StreamTable, PointersStayValidWhileOthersComeAndGo) {
    table streams;
    const stream_id id = streams.open("kept");
    const std::string* const kept = streams.find(id);
    for (int i = 0; i < 10'000; ++i) {
        const stream_id other = streams.open("other");
        if (i % 2 == 0) {
            streams.finish_local(other);
            streams.finish_remote(other);
        }
    }
    EXPECT_EQ(streams.find(id), kept);
    EXPECT_EQ(*kept, "kept");
}

TEST(StreamTable, HundredThousandOpensAndCancelsLeaveNothing) {
    stream_table<std::unique_ptr<int>> streams;
    for (int i = 0; i < 100'000; ++i) {
        const stream_id id = streams.open(std::make_unique<int>(i));
        ASSERT_EQ(id, static_cast<stream_id>(i) + 1);
        ASSERT_EQ(**streams.find(id), i);
        streams.finish_local(id);
        ASSERT_TRUE(streams.finish_remote(id));
    }
    EXPECT_TRUE(streams.empty());
}

TEST(StreamTable, MoreStreamsThanItRecyclesComeAndGo) {
    constexpr stream_id many = limits::max_streams + 1;
    table streams;
    for (stream_id id = 1; id <= many; ++id) ASSERT_EQ(streams.open("a"), id);
    for (stream_id id = 1; id <= many; ++id) {
        streams.finish_local(id);
        ASSERT_TRUE(streams.finish_remote(id));
        ASSERT_EQ(streams.state(id), table::lookup::closed);
    }
    EXPECT_TRUE(streams.empty());
    for (stream_id id = many + 1; id <= 2 * many; ++id) ASSERT_EQ(streams.open("b"), id);
    EXPECT_EQ(streams.size(), many);
}

TEST(StreamTable, AStreamMayLookAtTheTableWhileItIsDestroyed) {
    struct curious {
        stream_table<std::shared_ptr<curious>>* streams;
        std::size_t* seen;
        ~curious() { *seen = streams->size(); }
    };
    stream_table<std::shared_ptr<curious>> streams;
    std::size_t seen = 0;
    const stream_id id = streams.open(std::make_shared<curious>(curious{&streams, &seen}));
    streams.finish_local(id);
    seen = 99;
    streams.finish_remote(id);
    EXPECT_EQ(seen, 0U);
}

TEST(StreamTable, VisitsEveryOpenStream) {
    table streams;
    streams.open("a");
    streams.open("b");
    const stream_id closed = streams.open("c");
    streams.finish_local(closed);
    streams.finish_remote(closed);
    std::vector<stream_id> ids;
    streams.for_each([&ids](stream_id id, std::string& stream) {
        ids.push_back(id);
        stream += "!";
    });
    EXPECT_EQ(ids.size(), 2U);
    EXPECT_EQ(*streams.find(1), "a!");
}

TEST(StreamTable, ClearForgetsTheStreamsButNotTheirIds) {
    table streams;
    streams.open("a");
    streams.open("b");
    streams.clear();
    EXPECT_TRUE(streams.empty());
    EXPECT_EQ(streams.state(2), table::lookup::closed);
    EXPECT_EQ(streams.open("c"), 3U);
}

}  // namespace
}  // namespace tunnel::mux
