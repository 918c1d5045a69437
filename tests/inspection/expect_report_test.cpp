#include "commands/expect_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "commands/terminal.hpp"

namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

const std::string hook =
    R"({"id":"01","started_at":"2026-01-31T14:05:06.123456Z","method":"POST","status":500,"duration_us":1500,)"
    R"("response_bytes":12,"target":"/hook","state":"complete"})";
const std::string hook_line =
    "01  " + local_time("2026-01-31T14:05:06Z") + "  POST    500    1.5 ms       12 B  /hook\n";

expectation of(std::vector<std::string> filters, std::uint64_t count = 1) {
    return {std::move(filters), count, false, "30s"};
}

TEST(ExpectReport, SaysWhatMatched) {
    const auto met = json::parse(R"({"met":true,"items":[)" + hook + "]}");
    EXPECT_EQ(report_text(of({"path:/hook"}), met, milliseconds(12)),
              hook_line + "met after 0.012 s: 1 request that matches path:/hook\n");
    EXPECT_EQ(report_text(of({""}, 3), met, milliseconds(61'002)), hook_line + "met after 61.002 s: 3 requests\n");
}

TEST(ExpectReport, NamesTheNearestMissesWithEachClause) {
    const auto result = json::parse(R"({"met":false,"items":[],"misses":[{"exchange":)" + hook +
                                    R"(,"unmet":[{"clause":"status:2xx","position":0,"reason":"the status is 500"},)"
                                    R"({"clause":"dur<=1ms","position":11,"reason":"it took 1.5 ms"}]},{"exchange":)" +
                                    hook + R"(,"unmet":[{"clause":"","position":0,"reason":"it has not ended"}]}]})");
    EXPECT_EQ(report_text(of({"status:2xx dur<=1ms"}, 2), result, milliseconds(30'000)),
              "not met within 30s: 0 of 2 requests that match status:2xx dur<=1ms\n"
              "nearest:\n" +
                  hook_line +
                  "    status:2xx: the status is 500\n"
                  "    dur<=1ms: it took 1.5 ms\n" +
                  hook_line + "    it has not ended\n");
}

TEST(ExpectReport, SaysThatNothingWasThere) {
    const auto nothing = json::parse(R"({"met":false,"items":[],"misses":[]})");
    EXPECT_EQ(report_text(of({"path:/hook"}), nothing, milliseconds(30'000)),
              "not met within 30s: 0 of 1 request that matches path:/hook\n"
              "no other request was seen\n");
}

TEST(ExpectReport, OfNone) {
    auto e = of({"is:error"});
    e.none = true;
    EXPECT_EQ(report_text(e, json::parse(R"({"met":true,"items":[]})"), milliseconds(30'000)),
              "met within 30s: no request that matches is:error\n");
    EXPECT_EQ(report_text(e, json::parse(R"({"met":false,"items":[)" + hook + "]}"), milliseconds(5)),
              hook_line + "not met, where none may come: 1 request that matches is:error\n");
}

TEST(ExpectReport, OfAnOrder) {
    const auto e = of({"event:a", "event:b", "event:c"});
    EXPECT_EQ(describe(e), "3 requests in this order: event:a, then event:b, then event:c");
    EXPECT_EQ(report_text(e, json::parse(R"({"met":false,"step":1,"items":[)" + hook + R"(],"misses":[]})"),
                          milliseconds(30'000)),
              hook_line +
                  "not met within 30s: no request for filter 2 of 3, in this order: event:b\n"
                  "no other request was seen\n");
}

TEST(ExpectReport, WhatCallersSentMovesNoCursor) {
    auto item = json::parse(hook);
    item["target"] = "/\x1b[2J";
    json result{{"met", false}, {"items", json::array()}};
    result["misses"].push_back(
        {{"exchange", item}, {"unmet", {{{"clause", "path:/a"}, {"reason", "the path is /\x1b[2J\n"}}}}});
    const auto text = report_text(of({"path:/a"}), result, milliseconds(1));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, HasSubstr("    path:/a: the path is /\\x1b[2J\\x0a\n"));
}

TEST(ExpectReport, JunitHasOneCase) {
    EXPECT_EQ(junit_text(of({"status<300"}), json::parse(R"({"met":true,"items":[]})"), milliseconds(1'234)),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<testsuite name=\"tunnel-client expect\" tests=\"1\" failures=\"0\" errors=\"0\" time=\"1.234\">\n"
              "  <testcase classname=\"tunnel-client.expect\" name=\"1 request that matches status&lt;300\" "
              "time=\"1.234\">\n"
              "    <system-out>met after 1.234 s: 1 request that matches status&lt;300\n</system-out>\n"
              "  </testcase>\n"
              "</testsuite>\n");
}

TEST(ExpectReport, JunitEscapesWhatXmlCannotHold) {
    auto item = json::parse(hook);
    item["target"] = "/<&>\"\xEF\xBF\xBE]]>\x01";
    const auto result = json::parse(R"({"met":false,"items":[],"misses":[{"exchange":)" + item.dump() +
                                    R"(,"unmet":[{"clause":"\"a\"","position":0,"reason":"it's <b>"}]}]})");
    const auto text = junit_text(of({"\"a\""}), result, milliseconds(30'000));
    EXPECT_THAT(text, HasSubstr("failures=\"1\""));
    EXPECT_THAT(text, HasSubstr("<failure message=\"not met within 30s: 0 of 1 request that matches &quot;a&quot;\">"));
    EXPECT_THAT(text, HasSubstr("/&lt;&amp;&gt;&quot;?]]&gt;\\x01\n    &quot;a&quot;: it's &lt;b&gt;\n</failure>"));
}

}  // namespace

}  // namespace tunnel::commands
