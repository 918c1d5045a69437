#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "inspector/history_fixture.hpp"
#include "inspector/history_reader.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {
namespace {

using namespace std::chrono_literals;

/// What the child says of each record before it is killed.
struct put_note {
    record_id id;
    std::int64_t at;  // steady clock, nanoseconds
};

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// Puts records without end and reports each.
[[noreturn]] void produce(const std::string& path, int report) {
    history h(file_settings(path));
    for (;;) {
        const auto r = fresh_record(h);
        put(h, r);
        const put_note note{r.id, steady_now()};
        if (::write(report, &note, sizeof note) != sizeof note) ::_exit(1);
        ::usleep(500);  // 2,000 records a second
    }
}

std::vector<put_note> run_and_kill(const std::string& path, std::size_t records, std::int64_t& killed_at) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const auto child = ::fork();
    if (child == 0) produce(path, ends[1]);
    ::close(ends[1]);
    std::vector<put_note> notes;
    put_note note{};
    while (notes.size() < records && ::read(ends[0], &note, sizeof note) == sizeof note) notes.push_back(note);
    killed_at = steady_now();
    ::kill(child, SIGKILL);
    while (::read(ends[0], &note, sizeof note) == sizeof note) notes.push_back(note);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    return notes;
}

TEST(HistoryCrash, AfterAKillOnlyTheLastMomentIsMissing) {
    // A batch waits 50 ms; the rest is what a busy machine may take to store it.
    constexpr std::int64_t missing_time = 50'000'000 + 450'000'000;
    const test::temporary_folder folder;
    const auto path = folder / "history.db";
    for (std::size_t round = 1; round <= 3; ++round) {
        std::int64_t killed_at = 0;
        const auto notes = run_and_kill(path, 700 * round, killed_at);
        notices lines;
        history h(file_settings(path), lines.take());
        EXPECT_TRUE(lines.all().empty());
        EXPECT_TRUE(history_reader(path).is_sound());
        std::size_t stored = 0;
        for (const auto& note : notes) {
            const bool found = h.find(note.id).has_value();
            stored += found ? 1 : 0;
            if (note.at < killed_at - missing_time) {
                ASSERT_TRUE(found);
            }
        }
        EXPECT_GT(stored, notes.size() / 4);
        RecordProperty("stored", static_cast<int>(stored));
        RecordProperty("put", static_cast<int>(notes.size()));
    }
}

TEST(HistoryCrash, PendingRecordsOfAKilledProgramAreEnded) {
    const test::temporary_folder folder;
    const auto path = folder / "history.db";
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const auto child = ::fork();
    if (child == 0) {
        history h(file_settings(path));
        auto r = fresh_record(h);
        r.state = record_state::pending;
        put(h, r);
        h.flush();
        static_cast<void>(!::write(ends[1], &r.id, sizeof r.id));
        for (;;) ::pause();
    }
    record_id id = 0;
    ASSERT_EQ(::read(ends[0], &id, sizeof id), static_cast<ssize_t>(sizeof id));
    {
        history beside(file_settings(path));
        EXPECT_EQ(beside.find(id)->state, record_state::pending);  // its program runs
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    history h(file_settings(path));
    EXPECT_EQ(h.find(id)->state, record_state::aborted);
    EXPECT_EQ(h.find(id)->outcome, "client_ended");
}

}  // namespace
}  // namespace tunnel::inspector
