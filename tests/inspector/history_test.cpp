#include "inspector/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "inspector/body_capture.hpp"
#include "inspector/history_mode_fixture.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(Modes, History, testing::Values(history_mode::file, history_mode::memory),
                         [](const auto& mode) { return mode.param == history_mode::file ? "File" : "Memory"; });

TEST_P(History, ARecordIsFoundWholeAndListedAsASummary) {
    history h(settings());
    const auto r = fresh_record(h);
    put(h, r);
    h.flush();
    EXPECT_EQ(h.find(r.id), r);
    const auto page = h.list({});
    EXPECT_THAT(page.items, ElementsAre(summary_of(r)));
    EXPECT_EQ(page.next, 0U);
    EXPECT_EQ(page.error, "");
    EXPECT_EQ(h.find(r.id + 1), std::nullopt);
}

TEST_P(History, TheLastVersionOfARecordCountsButTheNoteStays) {
    history h(settings());
    auto r = fresh_record(h);
    r.state = record_state::pending;
    r.note = {};
    put(h, r);
    h.annotate(r.id, user_note{true, "mine"});
    r.state = record_state::complete;
    r.response.status = 201;
    r.request.body = copy_body("");
    put(h, r);
    h.flush();
    r.note = {true, "mine"};
    EXPECT_EQ(h.find(r.id), r);
    EXPECT_EQ(h.status().records, 1U);
    EXPECT_EQ(h.status().marked, 1U);
}

TEST_P(History, AFastExchangeInOneBatchIsStoredOnce) {
    std::vector<history_change> seen;
    history h(settings(), {}, [&](const history_change& c) { seen.push_back(c); });
    auto r = fresh_record(h);
    r.note = {};
    r.messages.clear();
    r.events.clear();
    h.flush();  // so that the next two wait for each other
    r.state = record_state::pending;
    put(h, r);
    r.state = record_state::complete;
    put(h, r);
    h.flush();
    EXPECT_EQ(h.find(r.id), r);
    EXPECT_THAT(seen, SizeIs(testing::Le(2U)));
    EXPECT_EQ(seen.back().id, r.id);
    EXPECT_EQ(seen.back().stored->state, record_state::complete);
}

TEST_P(History, MessagesAreAddedWhileAStreamIsOpen) {
    history h(settings());
    auto r = fresh_record(h);
    const auto messages = std::exchange(r.messages, {});
    put(h, r);
    for (const auto& m : messages) {
        record part;
        part.id = r.id;
        part.messages = {m};
        part.messages_dropped = 9;
        h.append(std::make_shared<const record>(part));
    }
    h.flush();
    const auto found = h.find(r.id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->messages, messages);
    EXPECT_EQ(found->messages_dropped, 9U);
}

TEST_P(History, RemovedAndClearedRecordsAreReported) {
    std::vector<history_change> seen;
    history h(settings(), {}, [&](const history_change& c) { seen.push_back(c); });
    std::vector<record> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(fresh_record(h));
        all.back().note.marked = i == 2;
        put(h, all.back());
    }
    h.remove({all[0].id});
    h.flush();
    EXPECT_FALSE(h.find(all[0].id));
    EXPECT_EQ(seen.back().kind, change_kind::removed);
    h.clear(true);
    h.flush();
    EXPECT_THAT(ids_of(h.list({}).items), ElementsAre(all[2].id));
    h.clear(false);
    h.flush();
    EXPECT_THAT(h.list({}).items, IsEmpty());
    EXPECT_EQ(seen.back().kind, change_kind::cleared);
    EXPECT_EQ(seen.back().sequence, seen.size());
    EXPECT_EQ(h.status().marked, 0U);
}

TEST_P(History, ImportedRecordsKeepTheirIdsUnlessTheseAreTaken) {
    auto s = settings();
    s.max_age = std::chrono::hours(24 * 365 * 100);
    history h(s);
    const auto r = sample_record(h.next_id());
    h.import(r);
    h.import(r);
    auto nameless = r;
    nameless.id = 0;
    h.import(nameless);
    h.flush();
    EXPECT_EQ(h.find(r.id), r);
    EXPECT_THAT(h.list({}).items, SizeIs(3));
}

TEST_P(History, ChangesComeOnceReadersSeeThem) {
    history* reader = nullptr;
    std::atomic<int> seen = 0;
    std::atomic<int> missing = 0;
    history h(settings(), {}, [&](const history_change& c) {
        ++seen;
        if (!reader->find(c.id)) ++missing;
    });
    reader = &h;
    for (int i = 0; i < 20; ++i) put(h, fresh_record(h));
    h.flush();
    EXPECT_EQ(seen, 20);
    EXPECT_EQ(missing, 0);
}

TEST_P(History, ManyProducersAndReadersAtOnce) {
    history h(settings());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) put(h, fresh_record(h));
        });
    }
    threads.emplace_back([&] {
        page_request request;
        request.filter = filter("body:nothing");
        for (int i = 0; i < 20; ++i) EXPECT_EQ(h.list(request).error, "");
    });
    for (auto& t : threads) t.join();
    h.flush();
    EXPECT_EQ(h.status().records, 400U);
    EXPECT_EQ(h.status().dropped, 0U);
}

TEST(HistoryOff, KeepsNothingAndStillGivesIds) {
    history_settings settings;
    settings.mode = history_mode::off;
    history h(settings);
    const auto a = h.next_id();
    EXPECT_GT(h.next_id(), a);
    put(h, sample_record(a));
    h.flush();
    EXPECT_THAT(h.list({}).items, IsEmpty());
    EXPECT_EQ(h.status().mode, history_mode::off);
}

TEST(HistoryPath, FollowsTheBaseDirectorySpecification) {
    ::setenv("XDG_STATE_HOME", "/x/state", 1);
    EXPECT_EQ(default_history_path(), "/x/state/tunnel/history.db");
    ::setenv("XDG_STATE_HOME", "relative", 1);
    ::setenv("HOME", "/home/u", 1);
    EXPECT_EQ(default_history_path(), "/home/u/.local/state/tunnel/history.db");
    ::unsetenv("HOME");
    EXPECT_EQ(default_history_path(), "");
}

}  // namespace
}  // namespace tunnel::inspector
