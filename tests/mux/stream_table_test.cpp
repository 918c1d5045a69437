#include "mux/stream_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tunnel::mux {

using protocol::stream_id;
namespace {

using table = stream_table<std::string>;

std::shared_ptr<std::string> named(const char* name) { return std::make_shared<std::string>(name); }

TEST(StreamTable, FindsAnOpenStreamByItsId) {
    table streams;
    streams.open(1, named("a"));
    streams.open(2, named("b"));
    ASSERT_NE(streams.find(2), nullptr);
    EXPECT_EQ(**streams.find(2), "b");
    EXPECT_EQ(streams.size(), 2U);
}

TEST(StreamTable, TakesOnlyRisingIdsFromThePeer) {
    table streams;
    EXPECT_FALSE(streams.may_open(0));
    EXPECT_TRUE(streams.may_open(5));
    streams.open(5, named("a"));
    EXPECT_FALSE(streams.may_open(5));
    EXPECT_FALSE(streams.may_open(4));
    EXPECT_TRUE(streams.may_open(6));
    EXPECT_EQ(**streams.find(5), "a");
}

TEST(StreamTable, AnIdIsNotUsedAgainAfterItsStreamIsClosed) {
    table streams;
    streams.open(3, named("a"));
    streams.close(3);
    EXPECT_FALSE(streams.may_open(3));
    EXPECT_TRUE(streams.may_open(4));
}

TEST(StreamTable, ASkippedIdCountsAsClosed) {
    table streams;
    streams.skip(3);
    EXPECT_TRUE(streams.empty());
    EXPECT_EQ(streams.state(3), table::lookup::closed);
    EXPECT_EQ(streams.state(2), table::lookup::closed);
    EXPECT_FALSE(streams.may_open(3));
    EXPECT_TRUE(streams.may_open(4));
}

TEST(StreamTable, IdsEndAtTheLargestJsonInteger) {
    table streams;
    EXPECT_FALSE(streams.may_open(limits::max_stream_id + 1));
    EXPECT_TRUE(streams.may_open(limits::max_stream_id));
    streams.open(limits::max_stream_id, named("last"));
    EXPECT_FALSE(streams.may_open(limits::max_stream_id));
    EXPECT_EQ(streams.size(), 1U);
}

TEST(StreamTable, TellsClosedFromNeverOpened) {
    table streams;
    streams.open(10, named("a"));
    EXPECT_EQ(streams.state(10), table::lookup::open);
    EXPECT_EQ(streams.state(9), table::lookup::closed);
    EXPECT_EQ(streams.state(11), table::lookup::never_opened);
    EXPECT_EQ(streams.state(0), table::lookup::never_opened);
    streams.close(10);
    EXPECT_EQ(streams.state(10), table::lookup::closed);
    EXPECT_EQ(streams.find(10), nullptr);
    streams.close(10);
    EXPECT_TRUE(streams.empty());
}

TEST(StreamTable, AnEntryThatIsUsedAgainForgetsTheStreamBefore) {
    table streams;
    auto first = named("first");
    streams.open(1, first);
    streams.close(1);
    EXPECT_EQ(first.use_count(), 1) << "nothing of a closed stream is kept";
    streams.open(2, named("second"));
    EXPECT_EQ(**streams.find(2), "second");
    EXPECT_EQ(streams.find(1), nullptr);
}

TEST(StreamTable, PointersStayValidWhileOtherStreamsOpenAndClose) {
    table streams;
    streams.open(1, named("kept"));
    const auto* const kept = streams.find(1);
    for (stream_id id = 2; id <= 10'000; ++id) {
        streams.open(id, named("other"));
        if (id % 2 == 0) streams.close(id);
    }
    EXPECT_EQ(streams.find(1), kept);
    EXPECT_EQ(**kept, "kept");
}

TEST(StreamTable, HundredThousandOpensAndClosesLeaveNothing) {
    table streams;
    for (stream_id id = 1; id <= 100'000; ++id) {
        ASSERT_TRUE(streams.may_open(id));
        streams.open(id, named("a"));
        streams.close(id);
        ASSERT_EQ(streams.state(id), table::lookup::closed);
    }
    EXPECT_TRUE(streams.empty());
}

TEST(StreamTable, MoreStreamsThanItKeepsEntriesForOpenAndClose) {
    constexpr stream_id many = limits::max_streams + 1;
    table streams;
    for (stream_id id = 1; id <= many; ++id) streams.open(id, named("a"));
    for (stream_id id = 1; id <= many; ++id) {
        streams.close(id);
        ASSERT_EQ(streams.state(id), table::lookup::closed);
    }
    EXPECT_TRUE(streams.empty());
    for (stream_id id = many + 1; id <= 2 * many; ++id) streams.open(id, named("b"));
    EXPECT_EQ(streams.size(), many);
}

TEST(StreamTable, AStreamMayUseTheTableWhileItIsDestroyed) {
    struct curious {
        stream_table<curious>* streams;
        std::size_t* seen;
        curious(stream_table<curious>* in, std::size_t* out) : streams(in), seen(out) {}
        curious(const curious&) = delete;
        curious& operator=(const curious&) = delete;
        ~curious() { *seen = streams->size(); }
    };
    stream_table<curious> streams;
    std::size_t seen = 99;
    streams.open(1, std::make_shared<curious>(&streams, &seen));
    streams.close(1);
    EXPECT_EQ(seen, 0U);
}

TEST(StreamTable, VisitsEveryOpenStream) {
    table streams;
    streams.open(1, named("a"));
    streams.open(2, named("b"));
    streams.open(3, named("c"));
    streams.close(3);
    std::vector<std::string> names;
    streams.for_each([&names](std::string& stream) {
        names.push_back(stream);
        stream += "!";
    });
    EXPECT_THAT(names, testing::UnorderedElementsAre("a", "b"));
    EXPECT_EQ(**streams.find(1), "a!");
}

TEST(StreamTable, TakingAllStreamsForgetsThemButNotTheirIds) {
    table streams;
    streams.open(1, named("a"));
    streams.open(2, named("b"));
    EXPECT_EQ(streams.take_all().size(), 2U);
    EXPECT_TRUE(streams.empty());
    EXPECT_EQ(streams.state(2), table::lookup::closed);
    EXPECT_FALSE(streams.may_open(2));
    EXPECT_TRUE(streams.may_open(3));
}

}  // namespace
}  // namespace tunnel::mux
