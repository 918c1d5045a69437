#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspector_http/inspector_fixture.hpp"

namespace tunnel::inspector_http {

namespace {

using testing::HasSubstr;

/// Faults on purpose through the API.
class FaultApi : public InspectorHttp {
 protected:
    FaultApi() : InspectorHttp() {}
};

TEST_F(FaultApi, ARuleIsAddedListedAndRemoved) {
    const auto added = send_json("POST", "/api/v1/faults", R"({"rule":"drop 30%","for":"10m"})");
    EXPECT_EQ(added.status, 201U);
    EXPECT_EQ(added.json["id"], 1);
    EXPECT_EQ(added.json["rule"], "drop 30%");
    EXPECT_EQ(added.json["ends_at"], "1970-01-01T00:10:00.000000Z");
    EXPECT_EQ(send_json("POST", "/api/v1/faults", R"({"rule":"reset"})").json["ends_at"], nullptr);
    EXPECT_EQ(get("/api/v1/faults").json["items"].size(), 2U);
    EXPECT_EQ(get("/api/v1/status").json["faults"], (nlohmann::json{"drop 30%", "reset"}));
    EXPECT_EQ(ask("DELETE", "/api/v1/faults/1").status, 204U);
    EXPECT_EQ(ask("DELETE", "/api/v1/faults/1").status, 404U);
    EXPECT_EQ(ask("DELETE", "/api/v1/faults/x").status, 404U);
    EXPECT_EQ(ask("DELETE", "/api/v1/faults").status, 204U);
    EXPECT_TRUE(get("/api/v1/faults").json["items"].empty());
}

TEST_F(FaultApi, WhatIsNotARuleIsRefusedWithItsReason) {
    const auto bad = send_json("POST", "/api/v1/faults", R"({"rule":"bad"})");
    EXPECT_EQ(bad.status, 400U);
    EXPECT_EQ(bad.json["error"]["code"], "bad_rule");
    EXPECT_EQ(bad.json["error"]["message"], "a rule is not bad");
    EXPECT_EQ(send_json("POST", "/api/v1/faults", "{}").status, 400U);
    EXPECT_EQ(send_json("POST", "/api/v1/faults", R"({"rule":7})").status, 400U);
    const auto time = send_json("POST", "/api/v1/faults", R"({"rule":"reset","for":"soon"})");
    EXPECT_EQ(time.status, 400U);
    EXPECT_THAT(time.json["error"]["message"].get<std::string>(), HasSubstr("\"for\" is a time"));
}

}  // namespace

}  // namespace tunnel::inspector_http
