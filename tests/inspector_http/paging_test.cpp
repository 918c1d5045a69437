#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "inspector_http/event_source.hpp"
#include "inspector_http/inspector_fixture.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/wait_search.hpp"

/// Streams and waits look at a bounded number of records at a time.
namespace tunnel::inspector_http {
namespace {

using namespace inspector;

std::size_t count_of(std::string_view part, std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

TEST_F(InspectorHttp, AWaitReadsOnePageAtATime) {
    for (std::size_t i = 0; i <= limits::largest_page; ++i) keep();
    const services s{.history = history, .feed = feed, .replays = replays, .status = status, .verify = {}};
    const auto all = std::get<query>(query::parse("", {}));
    const auto none = std::get<query>(query::parse("path:/none", {}));
    wait_search counted(s, {.steps = {{"", all}}, .count = limits::largest_page + 1});
    EXPECT_FALSE(counted.look());
    EXPECT_TRUE(counted.is_reading());
    while (!counted.look()) ASSERT_TRUE(counted.is_reading());
    EXPECT_FALSE(counted.is_reading());
    wait_search ordered(s, {.steps = {{"", all}, {"", all}, {"path:/none", none}}});
    EXPECT_FALSE(ordered.look());
    EXPECT_TRUE(ordered.is_reading());
    while (ordered.is_reading()) EXPECT_FALSE(ordered.look());
    EXPECT_FALSE(ordered.has_news());
}

TEST_F(InspectorHttp, AWaitReadsManyNewRecordsOnePageAtATime) {
    const services s{.history = history, .feed = feed, .replays = replays, .status = status, .verify = {}};
    const auto all = std::get<query>(query::parse("", {}));
    wait_search counted(s, {.steps = {{"", all}}, .count = limits::largest_page + 1});
    EXPECT_FALSE(counted.look());
    EXPECT_FALSE(counted.is_reading());
    for (std::size_t i = 0; i <= limits::largest_page; ++i) keep();
    EXPECT_FALSE(counted.look());
    EXPECT_TRUE(counted.is_reading());
    while (!counted.look()) ASSERT_TRUE(counted.is_reading());
}

TEST_F(InspectorHttp, AStreamLooksAtABatchOfChangesAtATime) {
    const services s{.history = history, .feed = feed, .replays = replays, .status = status, .verify = {}};
    event_source source(s, std::get<query>(query::parse("", {})), std::nullopt);
    static_cast<void>(source.next());
    EXPECT_FALSE(source.is_behind());
    for (std::size_t i = 0; i <= limits::batch_changes; ++i) keep();
    std::string events;
    while (count_of("event: exchange", events) == 0) events = source.next();
    EXPECT_EQ(count_of("event: exchange", events), limits::batch_changes);
    EXPECT_TRUE(source.is_behind());
    events.clear();
    while (source.is_behind()) events += source.next();
    EXPECT_EQ(count_of("event: exchange", events), 1U);
}

TEST_F(InspectorHttp, AStreamWithASlowFilterLooksAtAPageOfRecordsAtATime) {
    const services s{.history = history, .feed = feed, .replays = replays, .status = status, .verify = {}};
    event_source source(s, std::get<query>(query::parse(slow_filter(), {})), std::nullopt);
    static_cast<void>(source.next());  // its first event
    keep_slow_records();
    std::string events;
    int rounds = 0;
    do {
        EXPECT_EQ(count_of("event: status", events), 0U) << "its id would say that the others were sent";
        events += source.next();
        ++rounds;
    } while (source.is_behind());
    EXPECT_GT(rounds, 1);
    EXPECT_EQ(count_of("event: exchange", events), slow_records);
}

TEST_F(InspectorHttp, WaitsWithASlowFilterLookAtAPageOfNewRecordsAtATime) {
    const services s{.history = history, .feed = feed, .replays = replays, .status = status, .verify = {}};
    const auto slow = std::get<query>(query::parse(slow_filter(), {}));
    const auto none = std::get<query>(query::parse("method:NONE", {}));
    wait_search counted(s, {.steps = {{slow_filter(), slow}}, .count = slow_records});
    wait_search ordered(s, {.steps = {{"method:NONE", none}, {slow_filter(), slow}}});
    ASSERT_FALSE(counted.look());
    ASSERT_FALSE(ordered.look());
    keep_slow_records();
    EXPECT_FALSE(counted.look());
    EXPECT_TRUE(counted.is_reading());
    while (!counted.look()) ASSERT_TRUE(counted.is_reading());
    EXPECT_FALSE(ordered.look());
    EXPECT_TRUE(ordered.is_reading());
    while (ordered.is_reading()) ASSERT_FALSE(ordered.look());
}

}  // namespace
}  // namespace tunnel::inspector_http
