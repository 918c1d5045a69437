#include "inspector/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "inspector/record_id.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

using testing::ElementsAre;
using testing::Pair;
using namespace std::chrono_literals;

TEST(Record, FieldsOfAHeadKeepOrderCaseAndDuplicates) {
    EXPECT_THAT(fields_of_head("GET / HTTP/1.1\r\nHost: a\r\nX-A:  b \r\nx-a:\r\nno field\r\n\r\n"),
                ElementsAre(Pair("Host", "a"), Pair("X-A", "b"), Pair("x-a", "")));
    EXPECT_TRUE(fields_of_head("").empty());
}

TEST(Record, PartsOfTheUrlComeFromTheRequest) {
    auto r = sample_record();
    EXPECT_EQ(host_of(r), "app.example.dev");
    EXPECT_EQ(path_of(r), "/hooks/stripe");
    EXPECT_EQ(query_of(r), "x=1&y=a%20b");
    EXPECT_EQ(url_of(r), r.public_url);
    r.public_url.clear();
    EXPECT_EQ(url_of(r), "http://app.example.dev/hooks/stripe?x=1&y=a%20b");
}

TEST(RecordId, TextSortsAsIdsDoAndReadsBack) {
    std::string before;
    for (const record_id id : {record_id{1}, record_id{31}, record_id{32}, record_id{1} << 40, ~record_id{0} >> 1}) {
        const auto text = to_string(id);
        EXPECT_EQ(text.size(), 13U);
        EXPECT_LT(before, text);
        EXPECT_EQ(parse_record_id(text), id);
        before = text;
    }
}

TEST(RecordId, TextThatIsNotAnIdIsRefused) {
    for (const char* text : {"", "0", "00000000000001", "000000000000u", "g000000000000", "../../../etc/"}) {
        EXPECT_EQ(parse_record_id(text), std::nullopt) << text;
    }
}

TEST(RecordId, IdsGrowAlsoWithinAMillisecondAndWhenTheClockGoesBack) {
    id_source ids(5);
    record_id last = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto id = ids.next(noon() - std::chrono::milliseconds(i / 1000));
        EXPECT_GT(id, last);
        last = id;
    }
}

TEST(RecordId, TwoSessionsNeverMakeTheSameId) {
    id_source a(1);
    id_source b(2);
    std::set<record_id> all;
    for (int i = 0; i < 3000; ++i) {
        all.insert(a.next(noon()));
        all.insert(b.next(noon()));
    }
    EXPECT_EQ(all.size(), 6000U);
}

TEST(RecordId, TheTimeOfAnIdIsItsMillisecond) {
    id_source ids(1);
    EXPECT_EQ(time_of(ids.next(noon() + 5ms)), noon() + 5ms);
    EXPECT_LE(first_id_at(noon()), id_source(0).next(noon()));
    EXPECT_GT(first_id_at(noon() + 1ms), id_source(4095).next(noon()));
}

}  // namespace
}  // namespace tunnel::inspector
