#include "inspector/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "inspector/history_mode_fixture.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace tunnel::inspector
