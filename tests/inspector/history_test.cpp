#include "inspector/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "inspector/body_capture.hpp"
#include "inspector/history_fixture.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

/// Every history in a file and in memory alike.
class History : public testing::TestWithParam<history_mode> {
 protected:
    history_settings settings() const {
        auto s = file_settings(folder_ / "state/tunnel/history.db");
        s.mode = GetParam();
        return s;
    }
    temporary_folder folder_;
};

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

TEST_P(History, PagesGoFromTheNewestToTheOldestAndBack) {
    history h(settings());
    std::vector<record_id> ids;
    for (int i = 0; i < 10; ++i) {
        ids.push_back(h.next_id());
        put(h, sample_record(ids.back()));
    }
    auto s = settings();
    h.flush();
    std::vector<record_id> walked;
    page_request request;
    request.limit = 3;
    do {
        const auto page = h.list(request);
        for (const auto& r : page.items) walked.push_back(r.id);
        request.before = page.next;
    } while (request.before != 0);
    std::ranges::reverse(walked);
    EXPECT_EQ(walked, ids);

    walked.clear();
    request = {};
    request.limit = 4;
    request.oldest_first = true;
    do {
        const auto page = h.list(request);
        for (const auto& r : page.items) walked.push_back(r.id);
        request.after = page.next;
    } while (request.after != 0);
    EXPECT_EQ(walked, ids);
}

TEST_P(History, FiltersSelectByColumnsHeadsAndBodies) {
    history h(settings());
    std::vector<record_id> ids;
    for (int i = 0; i < 20; ++i) {
        auto r = fresh_record(h);
        r.response.status = i % 2 == 0 ? 200 : 500;
        r.request.body = copy_body("number " + std::to_string(i));
        if (i == 7) r.request.fields.emplace_back("X-Special", "yes");
        ids.push_back(r.id);
        put(h, r);
    }
    h.flush();
    const auto found = [&](std::string_view text) {
        page_request request;
        request.filter = filter(text);
        return ids_of(h.list(request).items);
    };
    EXPECT_THAT(found("status:5xx"), SizeIs(10));
    EXPECT_THAT(found("body:\"number 7\""), ElementsAre(ids[7]));
    EXPECT_THAT(found("has:x-special"), ElementsAre(ids[7]));
    EXPECT_THAT(found("status:200 body:\"number 1\""), ElementsAre(ids[18], ids[16], ids[14], ids[12], ids[10]));
    EXPECT_THAT(found("-status:2xx -status:5xx"), IsEmpty());
}

TEST_P(History, ASearchReturnsInTimeWithACursorToGoOnFrom) {
    history h(settings());
    const std::string filler(20'000, 'x');
    for (int i = 0; i < 300; ++i) {
        auto r = fresh_record(h);
        r.request.body = copy_body(i == 0 ? "needle" : filler);
        r.response.body = copy_body("");
        put(h, r);
        if (i % 100 == 0) h.flush();
    }
    h.flush();
    page_request request;
    request.filter = filter("body:needle");
    request.time = 0ms;
    std::size_t pages = 0;
    std::size_t hits = 0;
    time_point searched_to = time_point::max();
    do {
        const auto page = h.list(request);
        EXPECT_LE(page.searched_to, searched_to);
        searched_to = page.searched_to;
        hits += page.items.size();
        request.before = page.next;
        ++pages;
    } while (request.before != 0);
    EXPECT_EQ(hits, 1U);
    EXPECT_GE(pages, 300U);  // without any time, each page looks at one body
}

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

TEST_P(History, ReplaysAndAttemptsAreListedOldestFirst) {
    history h(settings());
    std::vector<record_id> ids;
    for (int i = 0; i < 3; ++i) {
        auto r = fresh_record(h);
        r.parent = i == 0 ? 0 : ids[0];
        ids.push_back(r.id);
        put(h, r);
    }
    h.flush();
    EXPECT_THAT(ids_of(h.children(ids[0])), ElementsAre(ids[1], ids[2]));
    EXPECT_THAT(ids_of(h.attempts("stripe", "evt_1")), ElementsAre(ids[0], ids[1], ids[2]));
    EXPECT_THAT(h.attempts("github", "evt_1"), IsEmpty());
    EXPECT_THAT(h.children(0), IsEmpty());

    const auto all = h.relations({ids[0], ids[2], 7});
    EXPECT_EQ(all[0].replays, 2U);
    EXPECT_EQ(all[0].attempt, 1U);
    EXPECT_EQ(all[0].messages,
              sample_record().messages.size() + sample_record().events.size() + sample_record().messages_dropped);
    EXPECT_EQ(all[0].truncated, is_truncated(sample_record()));
    EXPECT_EQ(all[1].replays, 0U);
    EXPECT_EQ(all[1].attempt, 3U);
    EXPECT_EQ(all[2].attempt, 0U) << "there is no such record";
}

struct delivery_row {
    const char* provider;
    const char* delivery;
    int status;
    bool duplicate;
    std::optional<duration> gap;
};

TEST_P(History, ADeliveryThatSucceedsAgainIsADuplicate) {
    history h(settings());
    const std::vector<delivery_row> rows{{"stripe", "evt_1", 500, false, {}},
                                         {"stripe", "evt_1", 200, false, 10s},
                                         {"github", "evt_1", 200, false, {}},
                                         {"stripe", "evt_1", 204, true, 20s},
                                         {"stripe", "evt_1", 302, false, 10s},
                                         {"stripe", "evt_2", 200, false, {}},
                                         {"", "", 200, false, {}},
                                         {"", "", 200, false, {}},
                                         {"stripe", "evt_1", 299, true, 40s}};
    const auto begun = fresh_record(h).arrived;
    std::vector<record_id> ids;
    std::vector<record_id> duplicates;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto r = fresh_record(h);
        r.arrived = begun + 10s * static_cast<int>(i);
        r.webhook.provider = rows[i].provider;
        r.webhook.delivery = rows[i].delivery;
        r.response.status = rows[i].status;
        ids.push_back(r.id);
        if (rows[i].duplicate) duplicates.push_back(r.id);
        put(h, r);
    }
    h.flush();
    page_request request;
    request.oldest_first = true;
    const auto all = h.list(request).items;
    const auto relations = h.relations(ids);
    ASSERT_EQ(all.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(all[i].among_attempts.duplicate, rows[i].duplicate) << i;
        EXPECT_EQ(h.find(ids[i])->among_attempts.duplicate, rows[i].duplicate) << i;
        EXPECT_EQ(relations[i].gap, rows[i].gap) << i;
    }
    for (const auto* text : {"is:duplicate", "is:duplicate body:ok", "is:duplicate has:content-type"}) {
        request.filter = filter(text);
        EXPECT_EQ(ids_of(h.list(request).items), duplicates) << text;
    }
    request.filter = filter("-is:duplicate");
    EXPECT_THAT(h.list(request).items, SizeIs(rows.size() - duplicates.size()));
}

TEST_P(History, AnAttemptThatEndsLateChangesThoseAfterIt) {
    std::vector<record_id> stored;
    history h(settings(), {}, [&](const history_change& c) { stored.push_back(c.id); });
    auto first = fresh_record(h);
    const auto delivered = first.webhook;
    first.state = record_state::pending;
    first.webhook = {};
    put(h, first);
    const auto second = fresh_record(h);
    put(h, second);
    h.flush();
    EXPECT_FALSE(h.find(second.id)->among_attempts.duplicate);
    EXPECT_EQ(h.relations({second.id})[0].attempt, 1U);
    stored.clear();
    first.state = record_state::complete;
    first.webhook = delivered;
    put(h, first);
    h.flush();
    EXPECT_THAT(stored, ElementsAre(first.id, second.id));
    EXPECT_TRUE(h.find(second.id)->among_attempts.duplicate);
    EXPECT_EQ(h.relations({second.id})[0].attempt, 2U);
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
    const auto r = sample_record(first_id_at(noon()) + 5);
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
