#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "inspector/export.hpp"
#include "inspector/history_fixture.hpp"
#include "inspector/record_json.hpp"

/// Files to import may come from anyone.
namespace tunnel::inspector {
namespace {

using testing::SizeIs;

time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

history_settings in_memory() {
    history_settings settings;
    settings.mode = history_mode::memory;
    return settings;
}

record without_id(time_point arrived) {
    auto r = sample_record(0);
    r.arrived = arrived;
    return r;
}

TEST(HistoryImport, RecordsOfOneMomentHaveIdsInTheirOrder) {
    history h(in_memory());
    const auto moment = now() - std::chrono::hours(1);
    constexpr std::size_t count = 300;
    auto taken = without_id(moment);
    taken.id = first_id_at(moment) + 7;
    h.import(taken);
    for (std::size_t i = 0; i < count; ++i) {
        auto r = without_id(moment);
        r.note.comment = std::to_string(i);
        h.import(r);
    }
    h.flush();
    page_request all;
    all.oldest_first = true;
    all.limit = limits::page_records;
    const auto items = h.list(all).items;
    ASSERT_THAT(items, SizeIs(count + 1));
    EXPECT_EQ(items.front().id, taken.id);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(items[i + 1].note.comment, std::to_string(i));
    EXPECT_LT(items.back().id, first_id_at(moment + std::chrono::milliseconds(1)));
}

TEST(HistoryImport, AMomentThatIsFullContinuesInTheNext) {
    history h(in_memory());
    const auto moment = now() - std::chrono::hours(1);
    const auto next = first_id_at(moment + std::chrono::milliseconds(1));
    auto taken = without_id(moment);
    taken.id = next - 1;
    h.import(taken);
    h.import(without_id(moment));
    h.flush();
    EXPECT_TRUE(h.find(next));
}

TEST(HistoryImport, RecordsOfTheFutureStandWhereTheyWereImported) {
    history h(in_memory());
    const auto later = now() + std::chrono::hours(24 * 365 * 5);
    auto named = without_id(later);
    named.id = first_id_at(later);
    h.import(named);
    h.import(without_id(later));
    h.flush();
    page_request newer;
    newer.after = first_id_at(now() + std::chrono::seconds(1));
    EXPECT_THAT(h.list(newer).items, SizeIs(0));
    const auto items = h.list({}).items;
    ASSERT_THAT(items, SizeIs(2));
    EXPECT_EQ(items.front().arrived, later);
}

TEST(HistoryImport, TimesHaveBounds) {
    const auto at = [](std::int64_t microseconds) {
        std::string error;
        const nlohmann::json line{{"arrived", "9999-12-31T23:59:59Z"},
                                  {"method", "GET"},
                                  {"target", "/"},
                                  {"status", 200},
                                  {"phases", {{"queued_us", 5}, {"sent_us", microseconds}, {"last_byte_us", 7}}},
                                  {"messages", {{{"at_us", microseconds}, {"data", "x"}}}},
                                  {"events", {{{"at_us", microseconds}, {"data", "x"}}}}};
        auto read = record_from_json(line, error);
        EXPECT_TRUE(read) << error;
        return read.value_or(record{});
    };
    constexpr duration longest = std::chrono::hours(24 * 365 * 100);
    for (const auto value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}}) {
        EXPECT_EQ(at(value).phases.sent, duration{});
        EXPECT_EQ(at(value).messages.front().at, duration{});
        EXPECT_EQ(at(value).events.front().at, duration{});
    }
    const auto far = at(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(far.phases.sent, longest);
    EXPECT_EQ(far.messages.front().at, longest);
    EXPECT_EQ(far.events.front().at, longest);
}

}  // namespace
}  // namespace tunnel::inspector
