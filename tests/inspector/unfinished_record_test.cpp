#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "inspector/history_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {
namespace {

/// Counts how often it is finished.
class counted_record final : public unfinished_record {
 public:
    counted_record(record r, int& finished) : record_(std::move(r)), finished_(finished) {}
    record_id id() const noexcept override { return record_.id; }
    bool is_last() const noexcept override { return record_.state != record_state::pending; }
    std::size_t size() const noexcept override { return memory_size(record_); }
    std::shared_ptr<const record> finish() override {
        ++finished_;
        return std::make_shared<const record>(record_);
    }

 private:
    record record_;
    int& finished_;
};

class UnfinishedRecord : public testing::Test {
 protected:
    record begun() {
        auto r = fresh_record(history_);
        r.note = {};
        r.messages.clear();
        r.events.clear();
        r.messages_dropped = 0;
        r.state = record_state::pending;
        return r;
    }
    /// The writer waits behind the first record that it stored, until the test lets it go on.
    void hold_first() {
        if (!holds_ || std::exchange(held_, true)) return;
        stored_.set_value();
        go_on_.get_future().wait();
    }
    void put(record r) { history_.put(std::make_shared<counted_record>(std::move(r), finished_)); }

    test::temporary_folder folder_;
    int finished_ = 0;  // written on the writer's thread, read while it is held or behind a flush
    std::promise<void> stored_;
    std::promise<void> go_on_;
    bool holds_ = false;
    bool held_ = false;
    history history_{file_settings(folder_ / "history.db"), {}, [this](const history_change&) { hold_first(); }};
};

TEST_F(UnfinishedRecord, IsFinishedAndStored) {
    const auto r = begun();
    put(r);
    history_.flush();
    EXPECT_EQ(history_.find(r.id), r);
    EXPECT_EQ(finished_, 1);
}

TEST_F(UnfinishedRecord, IsNotFinishedWhereALaterVersionCameAtOnce) {
    holds_ = true;
    put(begun());
    stored_.get_future().wait();
    // The writer is held in the callback of the first: what comes now is one batch.
    auto r = begun();
    put(r);
    r.state = record_state::complete;
    r.response.status = 201;
    put(r);
    finished_ = 0;
    go_on_.set_value();
    history_.flush();
    EXPECT_EQ(history_.find(r.id), r);
    EXPECT_EQ(finished_, 1);
}

TEST_F(UnfinishedRecord, OneOfAFloodIsStoredAsOneOfFew) {
    std::vector<record> flood;
    for (std::size_t i = 0; i < 3 * limits::batch_changes; ++i) {
        flood.push_back(begun());
        flood.back().state = record_state::complete;
    }
    for (const auto& r : flood) put(r);
    history_.flush();
    for (const auto& r : flood) EXPECT_EQ(history_.find(r.id), r);
    EXPECT_EQ(history_.status().dropped, 0U);
}

}  // namespace
}  // namespace tunnel::inspector
