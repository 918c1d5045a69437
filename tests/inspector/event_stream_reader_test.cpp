#include "inspector/event_stream_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tunnel::inspector {
namespace {

using namespace std::chrono_literals;

struct expected_event {
    std::string type, id, data;
    bool operator==(const expected_event&) const = default;
};

void PrintTo(const expected_event& e, std::ostream* out) { *out << e.type << "|" << e.id << "|" << e.data; }

std::vector<expected_event> read(std::string_view bytes, std::size_t step) {
    event_stream_reader reader;
    std::vector<expected_event> events;
    while (!bytes.empty()) {
        for (auto& e : reader.feed(bytes.substr(0, step), 1ms)) events.push_back({e.type, e.id, e.data});
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    return events;
}

struct stream_case {
    const char* name;
    std::string bytes;
    std::vector<expected_event> events;
};

class EventStream : public testing::TestWithParam<stream_case> {};

TEST_P(EventStream, IsReadTheSameHoweverItIsCut) {
    const auto& c = GetParam();
    for (std::size_t step = 1; step <= c.bytes.size(); ++step) EXPECT_EQ(read(c.bytes, step), c.events) << step;
}

INSTANTIATE_TEST_SUITE_P(
    Forms, EventStream,
    testing::Values(
        stream_case{"DataLinesAreJoined", "data: a\ndata:b\ndata\n\n", {{"", "", "a\nb\n"}}},
        stream_case{
            "EveryLineEnd", "data: a\r\rdata: b\r\n\r\ndata: c\n\n", {{"", "", "a"}, {"", "", "b"}, {"", "", "c"}}},
        stream_case{"TheIdStays", "id: 7\nevent: up\ndata: a\n\ndata: b\n\n", {{"up", "7", "a"}, {"", "7", "b"}}},
        stream_case{"CommentsAndUnknownFields", ": hi\nfoo: x\nretry: 10\ndata: a\n\n", {{"", "", "a"}}},
        stream_case{"WithoutDataNothingIsSent", "event: x\n\ndata: a\n\n", {{"", "", "a"}}},
        stream_case{"AByteOrderMarkIsNoData",
                    "\xEF\xBB\xBF"
                    "data: a\n\n",
                    {{"", "", "a"}}},
        stream_case{"AnUnfinishedEventIsNotSent", "data: a\n", {}}),
    [](const auto& test) { return test.param.name; });

TEST(EventStreamReader, DataOverTheCapIsCutAndCounted) {
    event_stream_reader reader(4);
    const auto events = reader.feed("data: abcdefgh\n\n", 3ms);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].data, "abcd");
    EXPECT_EQ(events[0].length, 8U);
    EXPECT_EQ(events[0].at, 3ms);
}

TEST(EventStreamReader, EventsOverTheCapsOfAnExchangeAreCounted) {
    event_stream_reader reader;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < limits::messages + 5; ++i) kept += reader.feed("data: a\n\n", 1ms).size();
    EXPECT_EQ(kept, limits::messages);
    EXPECT_EQ(reader.dropped(), 5U);
}

TEST(EventStreamReader, ALineWithoutEndTakesNoMoreThanItsCap) {
    event_stream_reader reader;
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(reader.feed(std::string(limits::event_line, 'x'), 1ms).empty());
    const auto events = reader.feed("\ndata: a\n\n", 1ms);
    ASSERT_EQ(events.size(), 1U);
}

}  // namespace
}  // namespace tunnel::inspector
