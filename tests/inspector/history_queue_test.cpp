#include "inspector/history_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "inspector/record.hpp"

namespace tunnel::inspector {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t room = 4;
constexpr std::size_t no_limit = 1 << 20;

class HistoryQueue : public testing::Test {
 protected:
    void offer(record_id id) {
        auto r = std::make_shared<record>();
        r->id = id;
        queue.push_or_drop(change::put{std::move(r)}, 1, id, true);
    }
    history_queue::arrivals take_now() { return queue.take(taken, {clock::now(), clock::now(), clock::now()}); }

    history_queue queue{room, no_limit};
    std::vector<change::any> taken;
};

TEST_F(HistoryQueue, TellsProducersOfAnOverflowUntilThereIsRoom) {
    for (record_id id = 1; id <= room; ++id) offer(id);
    EXPECT_FALSE(queue.drops_next());
    offer(room + 1);
    EXPECT_TRUE(queue.drops_next());
    EXPECT_TRUE(queue.drops_next());
    EXPECT_EQ(queue.dropped(), 3U);
    static_cast<void>(take_now());
    EXPECT_TRUE(queue.drops_next());  // what was taken is not stored yet
    queue.stored();
    EXPECT_FALSE(queue.drops_next());
    EXPECT_EQ(queue.dropped(), 4U);
}

TEST_F(HistoryQueue, TellsTheWriterWhatWasOfferedAndWhetherItFitted) {
    offer(1);
    offer(2);
    const auto first = take_now();
    EXPECT_EQ(first.offered, 2U);
    EXPECT_FALSE(first.overflowed);
    for (record_id id = 3; id <= 5; ++id) offer(id);  // room for two beside those that are taken
    static_cast<void>(queue.drops_next());
    queue.stored();
    const auto second = take_now();
    EXPECT_EQ(second.offered, 4U);
    EXPECT_TRUE(second.overflowed);
    EXPECT_FALSE(take_now().overflowed);
}

TEST_F(HistoryQueue, ALargeChangeThatDoesNotFitKeepsNoSmallOneOut) {
    constexpr auto kib = limits::kib;
    history_queue narrow(room, 100 * kib);
    narrow.push_or_drop(change::put{std::make_shared<record>()}, 60 * kib, 1, true);
    narrow.push_or_drop(change::put{std::make_shared<record>()}, 60 * kib, 2, true);
    EXPECT_EQ(narrow.dropped(), 1U);
    EXPECT_FALSE(narrow.drops_next());
    narrow.push_or_drop(change::put{std::make_shared<record>()}, 1 * kib, 3, true);
    EXPECT_EQ(narrow.dropped(), 1U);
}

TEST_F(HistoryQueue, AQueueThatIsHalfFullEndsTheWaitForABatch) {
    offer(1);
    offer(2);
    static_cast<void>(queue.take(taken, {clock::now() + 1h, clock::now(), clock::now() + 1h}));
    EXPECT_EQ(taken.size(), 2U);
}

TEST_F(HistoryQueue, OnlyAUserEndsARest) {
    for (record_id id = 1; id <= room; ++id) offer(id);
    std::thread user([this] { queue.push(change::clear{true}); });
    static_cast<void>(queue.take(taken, {clock::now() + 1h, clock::now() + 1h, clock::now()}));
    user.join();
    ASSERT_EQ(taken.size(), room + 1);
    EXPECT_TRUE(std::holds_alternative<change::clear>(taken.back()));
}

TEST_F(HistoryQueue, CloseEndsEveryWait) {
    offer(1);
    std::thread end([this] { queue.close(); });
    static_cast<void>(queue.take(taken, {clock::now() + 1h, clock::now() + 1h, clock::now() + 1h}));
    end.join();
    EXPECT_EQ(taken.size(), 1U);
}

TEST_F(HistoryQueue, WorksAsBeforeOnceItsMemoryWasGivenBack) {
    offer(1);
    static_cast<void>(take_now());
    offer(2);
    queue.release_memory(taken);
    EXPECT_EQ(taken.capacity(), 0U);
    static_cast<void>(take_now());
    ASSERT_EQ(taken.size(), 1U) << "what waits is not given back";
    queue.stored();
    queue.release_memory(taken);
    for (record_id id = 1; id <= room + 1; ++id) offer(id);
    static_cast<void>(take_now());
    EXPECT_EQ(taken.size(), room + 1);
    EXPECT_TRUE(std::holds_alternative<change::lost>(taken.back())) << "there is as much room as before";
}

}  // namespace

}  // namespace tunnel::inspector
