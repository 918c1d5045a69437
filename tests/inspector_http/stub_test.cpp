#include <gtest/gtest.h>

#include "inspector_http/inspector_fixture.hpp"

namespace tunnel::inspector_http {

namespace {

/// The rules of --stub through the API.
class StubApi : public InspectorHttp {
 protected:
    StubApi() : InspectorHttp() {}
};

TEST_F(StubApi, TheRulesAreListedInTheirOrder) {
    const auto listed = get("/api/v1/stub");
    EXPECT_EQ(listed.status, 200U);
    EXPECT_EQ(listed.json, nlohmann::json::parse(R"({"file":"stub.json","read_at":"2026-11-30T12:00:00.000000Z",
        "problem":null,"items":[
        {"rule":1,"if":"","when":"absent","responds":"the challenge of zoom","responses":3},
        {"rule":2,"if":"path:/health","when":"always","responds":"status 200, a body","responses":0}]})"));
}

TEST_F(StubApi, TheStatusNamesTheFileAndWhatIsWrongWithIt) {
    EXPECT_EQ(get("/api/v1/status").json["stub"],
              nlohmann::json::parse(R"({"file":"stub.json","rules":2,"problem":null})"));
    stub.value.problem = "rule 2: it says no response";
    EXPECT_EQ(get("/api/v1/status").json["stub"]["problem"], "rule 2: it says no response");
    EXPECT_EQ(get("/api/v1/stub").json["problem"], "rule 2: it says no response");
}

TEST_F(StubApi, TheStatusCountsTheRequestsThatWaitForTheApp) {
    EXPECT_EQ(get("/api/v1/status").json["forwarding"]["held"], 0);
    status.value.held = 3;
    EXPECT_EQ(get("/api/v1/status").json["forwarding"]["held"], 3);
}

TEST_F(StubApi, ARecordNamesTheRuleThatResponded) {
    const auto id = keep([](auto& r) { r.labels = {"stub", "stub-7", "held"}; });
    const auto shown = get("/api/v1/exchanges/" + inspector::to_string(id)).json;
    EXPECT_EQ(shown["stub"], true);
    EXPECT_EQ(shown["stub_rule"], 7);
    EXPECT_EQ(shown["held"], true);
    const auto other = keep([](auto& r) { r.labels = {"stub"}; });
    EXPECT_EQ(get("/api/v1/exchanges/" + inspector::to_string(other)).json["stub_rule"], nullptr);
}

}  // namespace

}  // namespace tunnel::inspector_http
