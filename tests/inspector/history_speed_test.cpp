#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "inspector/body_capture.hpp"
#include "inspector/history_file.hpp"
#include "inspector/history_fixture.hpp"
#include "inspector/history_reader.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {
namespace {

using namespace std::chrono_literals;

constexpr record_id record_count = 100'000;

/// Builds without optimization, and those with sanitizers, take many times as long.
#ifdef NDEBUG
constexpr int slowness = 1;
#else
constexpr int slowness = 30;
#endif

/// The processor time of this thread, which other programs on the machine change little.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// A history of many records; one in 10,000 has a needle in its body.
class LargeHistory : public testing::Test {
 protected:
    static void SetUpTestSuite() {
        folder_ = std::make_unique<test::temporary_folder>();
        prepare_history_file(path());
        auto database = open_history_file(path());
        record_writer writer(database);
        sqlite::transaction all(database);
        auto r = sample_record();
        r.messages.clear();
        r.events.clear();
        for (record_id id = 1; id <= record_count; ++id) {
            r.id = id;
            r.response.status = id % 1000 == 0 ? 500 : 200;
            r.request.body = copy_body(id % 10'000 == 0 ? "a needle" : std::string(300, 'h'));
            writer.put(r);
        }
        all.commit();
    }
    static void TearDownTestSuite() { folder_.reset(); }
    static std::string path() { return *folder_ / "history.db"; }

    /// The shortest of some runs.
    static std::chrono::milliseconds time_of_page(const page_request& request, std::size_t items) {
        auto best = std::chrono::milliseconds::max();
        for (int i = 0; i < 5; ++i) {
            const auto start = processor_time();
            history_reader reader(path());
            EXPECT_GE(reader.list(request).items.size(), items);
            best = std::min(best, std::chrono::duration_cast<std::chrono::milliseconds>(processor_time() - start));
        }
        return best;
    }

    static std::unique_ptr<test::temporary_folder> folder_;
};
std::unique_ptr<test::temporary_folder> LargeHistory::folder_;

TEST_F(LargeHistory, HasItsFirstPageWithin50Milliseconds) {
    const auto time = time_of_page({}, 50);
    std::cout << "first page: " << time.count() << " ms\n";
    EXPECT_LT(time, 50ms * slowness);
}

TEST_F(LargeHistory, SearchesColumnsOfAllRecordsInOnePage) {
    page_request request;
    request.filter = filter("status:5xx");
    request.limit = 100;
    request.time = 100s;
    const auto time = time_of_page(request, 100);
    std::cout << "status of all records: " << time.count() << " ms\n";
    EXPECT_LT(time, 1s * slowness);
}

/// A page draws its chart anew every two seconds while requests come in.
TEST_F(LargeHistory, CountsAllRecordsForAChartWithin200Milliseconds) {
    auto best = std::chrono::milliseconds::max();
    for (int i = 0; i < 5; ++i) {
        history_reader reader(path());
        record_id count = 0;
        record_id failed = 0;
        const auto start = processor_time();
        EXPECT_TRUE(reader.each_outcome({}, 0, std::chrono::steady_clock::now() + 100s, [&](const record_outcome& r) {
            ++count;
            if (r.status == 500) ++failed;
        }));
        best = std::min(best, std::chrono::duration_cast<std::chrono::milliseconds>(processor_time() - start));
        EXPECT_EQ(count, record_count);
        EXPECT_EQ(failed, record_count / 1000);
    }
    std::cout << "outcome of all records: " << best.count() << " ms\n";
    EXPECT_LT(best, 200ms * slowness);
}

TEST_F(LargeHistory, ShowsTheFirstHitsOfABodySearchWithin200Milliseconds) {
    page_request request;
    request.filter = filter("body:needle");
    request.limit = 1;
    request.time = 100s;
    const auto time = time_of_page(request, 1);
    std::cout << "first hits in bodies: " << time.count() << " ms\n";
    EXPECT_LT(time, 200ms * slowness);
}

}  // namespace
}  // namespace tunnel::inspector
