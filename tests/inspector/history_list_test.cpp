#include "inspector/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/body_capture.hpp"
#include "inspector/history_mode_fixture.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace tunnel::inspector
