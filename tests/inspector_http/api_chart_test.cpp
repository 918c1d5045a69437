#include <gtest/gtest.h>

#include <cstdint>

#include "inspector_http/inspector_fixture.hpp"

namespace tunnel::inspector_http {
namespace {

using namespace inspector;

TEST_F(InspectorHttp, TheChartCountsRequestsAndFailures) {
    keep();
    keep([](record& r) { r.response.status = 503; });
    keep([](record& r) { r.response.status = 404; });
    keep([](record& r) { r.state = record_state::aborted; });
    keep([](record& r) {
        r.state = record_state::failed;
        r.response = {};
    });
    const auto chart = get("/api/v1/chart?seconds=60&buckets=3").json;
    ASSERT_EQ(chart.at("buckets").size(), 3U);
    EXPECT_EQ(chart.at("bucket_us"), 20'000'000);
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    for (const auto& b : chart.at("buckets")) {
        requests += b.at("requests").get<std::uint64_t>();
        failures += b.at("failures").get<std::uint64_t>();
    }
    EXPECT_EQ(requests, 5U);
    EXPECT_EQ(failures, 4U);
    EXPECT_EQ(get("/api/v1/exchanges?q=is:error").json.at("items").size(), failures);
    EXPECT_EQ(chart.at("buckets").at(2).at("median_us"), 41'000);
}

/// The first filter is one that SQL decides, the second one needs the records; both select the same.
TEST_F(InspectorHttp, TheChartCountsTheSameWithAndWithoutLoadedRecords) {
    for (int i = 0; i < 700; ++i) keep([&](record& r) { r.response.status = i % 7 == 0 ? 503 : 200; });
    keep([](record& r) { r.request.method = "PUT"; });
    const auto by_columns = get("/api/v1/chart?seconds=600&buckets=2&q=method:POST").json.at("buckets");
    const auto by_records = get("/api/v1/chart?seconds=600&buckets=2&q=method~%5EPOST%24").json.at("buckets");
    EXPECT_EQ(by_columns, by_records);
    EXPECT_EQ(by_columns.at(1).at("requests"), 700);
    EXPECT_EQ(by_columns.at(1).at("failures"), 100);
}

}  // namespace
}  // namespace tunnel::inspector_http
