#include "inspector/record_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

using nlohmann::json;

TEST(RecordJson, AWholeRecordReadsBackEqual) {
    const auto r = sample_record();
    std::string error;
    EXPECT_EQ(record_from_json(json::parse(to_json(r, json_detail::whole).dump()), error), r);
    EXPECT_EQ(error, "");
}

TEST(RecordJson, RandomRecordsReadBackEqual) {
    std::mt19937 random(1);
    for (int i = 0; i < 500; ++i) {
        const auto r = random_record(random);
        std::string error;
        ASSERT_EQ(record_from_json(json::parse(to_json(r, json_detail::whole).dump()), error), r) << error;
    }
}

TEST(RecordJson, ASummaryHasWhatAListShowsAndNoBytes) {
    const auto summary = to_json(sample_record(), json_detail::summary);
    EXPECT_EQ(summary["method"], "POST");
    EXPECT_EQ(summary["target"], "/hooks/stripe?x=1&y=a%20b");
    EXPECT_EQ(summary["status"], 200);
    EXPECT_EQ(summary["arrived"], "2026-11-30T12:00:00.123456Z");
    EXPECT_EQ(summary["webhook"]["signature"], "valid");
    EXPECT_EQ(summary.dump().find("raw_sent"), std::string::npos);
    EXPECT_EQ(summary.dump().find("s3cr3t"), std::string::npos);
}

TEST(RecordJson, WhatIsWrongIsNamed) {
    const auto error_of = [](const char* text) {
        std::string error;
        EXPECT_EQ(record_from_json(json::parse(text), error), std::nullopt);
        return error;
    };
    EXPECT_EQ(error_of("{}"), "key 'arrived' not found");
    EXPECT_EQ(error_of(R"({"arrived":"yesterday"})"), "arrived is not a time");
    EXPECT_EQ(error_of(R"({"id":"x"})"), "id is not the id of an exchange");
    EXPECT_EQ(error_of(R"({"state":"lost"})"), "\"lost\" is not a value of state");
    EXPECT_EQ(error_of(R"({"arrived":"2026-11-30","method":3})"), "a value is neither text nor base64");
}

}  // namespace
}  // namespace tunnel::inspector
