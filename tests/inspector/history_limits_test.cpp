#include "inspector/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "inspector/body_capture.hpp"
#include "inspector/history_mode_fixture.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;

TEST_P(History, TheOldestUnmarkedRecordsGoWhereThereAreTooMany) {
    auto s = settings();
    s.max_count = 5;
    history h(s);
    std::vector<record_id> ids;
    for (int i = 0; i < 12; ++i) {
        auto r = fresh_record(h);
        r.note.marked = i == 0;
        ids.push_back(r.id);
        put(h, r);
    }
    h.flush();
    EXPECT_THAT(ids_of(h.list({}).items), ElementsAre(ids[11], ids[10], ids[9], ids[8], ids[7], ids[0]));
    EXPECT_EQ(h.status().records, 6U);
    EXPECT_EQ(h.status().marked, 1U);
}

TEST_P(History, RecordsOverTheAgeGo) {
    auto s = settings();
    s.max_age = std::chrono::hours(1);
    history h(s);
    const auto old = first_id_at(noon() - std::chrono::hours(24 * 365));
    put(h, sample_record(old));
    put(h, fresh_record(h));
    h.flush();
    // sample_record is marked and stays; an unmarked one does not.
    auto unmarked = sample_record(old + 1);
    unmarked.note = {};
    put(h, unmarked);
    h.flush();
    EXPECT_TRUE(h.find(old));
    EXPECT_FALSE(h.find(old + 1));
}

TEST_P(History, TheSizeStaysWithinItsBound) {
    auto s = settings();
    s.max_bytes = 2 * limits::mib;
    history h(s);
    for (int i = 0; i < 200; ++i) {
        auto r = fresh_record(h);
        r.note = {};
        r.request.body = copy_body(std::string(100'000, static_cast<char>('a' + i % 26)));
        put(h, r);
        if (i % 20 == 19) h.flush();
    }
    h.flush();
    const auto status = h.status();
    EXPECT_LE(status.bytes, s.max_bytes);
    EXPECT_GE(status.records, 10U);
    EXPECT_EQ(status.dropped, 0U);
}

TEST_P(History, WhatDoesNotFitIntoTheQueueIsCountedAndNeverWaitedFor) {
    auto s = settings();
    s.queued_changes = 4;
    std::mutex gate;
    std::unique_lock closed(gate);
    history h(s, {}, [&](const history_change&) { const std::lock_guard wait(gate); });
    const auto pending = [&] {
        auto r = fresh_record(h);
        r.state = record_state::pending;
        return r;
    }();
    put(h, pending);
    // The writer is held in the callback of this first record or has yet to take it: the queue fills either way.
    for (int i = 0; i < 50; ++i) put(h, fresh_record(h));
    auto end = pending;
    end.state = record_state::complete;
    put(h, end);
    closed.unlock();
    h.flush();
    EXPECT_GE(h.status().dropped, 40U);
    EXPECT_EQ(h.status().records + h.status().dropped,
              52U - (h.find(pending.id)->state == record_state::complete ? 1 : 0));
    h.flush();
    // A record whose end was dropped does not stay pending.
    EXPECT_NE(h.find(pending.id)->state, record_state::pending);
}

TEST_P(History, PagesThatItKeepsAreGivenBackWhenAsked) {
    history h(settings());
    const auto unused = sqlite3_memory_used();
    for (int i = 0; i < 20; ++i) {
        auto r = fresh_record(h);
        r.request.body = copy_body(std::string(100'000, static_cast<char>('a' + i)));
        put(h, r);
    }
    h.flush();
    ASSERT_EQ(h.list({}).items.size(), 20U);
    const auto used = sqlite3_memory_used();
    // Where there is no file, the records themselves are in memory, which grows by doubling.
    const auto kept = (GetParam() == history_mode::memory ? 4 * limits::mib : 0) + 256 * limits::kib;
    ASSERT_GT(used - unused, static_cast<std::int64_t>(limits::mib));
    h.release_memory();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sqlite3_memory_used() - unused > static_cast<std::int64_t>(kept)) {
        ASSERT_LT(std::chrono::steady_clock::now(), until) << sqlite3_memory_used() - unused;
        std::this_thread::yield();
    }
    EXPECT_EQ(h.list({}).items.size(), 20U);
}

}  // namespace
}  // namespace tunnel::inspector
