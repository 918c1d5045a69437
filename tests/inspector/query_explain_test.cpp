#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspector/body_capture.hpp"
#include "inspector/history_fixture.hpp"
#include "inspector/query.hpp"

namespace tunnel::inspector {

inline void PrintTo(const unmet_clause& c, std::ostream* out) {
    *out << c.position << " " << c.source << ": " << c.found;
}

namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto clause(std::size_t position, const std::string& source, const std::string& found) {
    return testing::AllOf(Field(&unmet_clause::source, source), Field(&unmet_clause::position, position),
                          Field(&unmet_clause::found, found));
}

struct explained {
    const char* filter;
    const char* found;
};

class Explained : public testing::TestWithParam<explained> {};

TEST_P(Explained, WhatTheSampleRecordHasInstead) {
    const auto unmet = filter(GetParam().filter).unmet(sample_record());
    ASSERT_EQ(unmet.size(), 1U) << GetParam().filter;
    EXPECT_EQ(unmet[0].found, GetParam().found) << GetParam().filter;
    EXPECT_EQ(unmet[0].source, GetParam().filter);
    EXPECT_EQ(unmet[0].position, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Explained,
    testing::Values(
        explained{"method:GET", "the method is POST"}, explained{"method!=POST", "the method is POST"},
        explained{"path:/hook/x", "the path is /hooks/stripe"}, explained{"-path~^/hooks", "the path is /hooks/stripe"},
        explained{"url:http:", "the URL is https://App.example.dev/hooks/stripe?x=1&y=a%20b"},
        explained{"host=example.dev", "the host is app.example.dev"}, explained{"query:z=", "the query is x=1&y=a%20b"},
        explained{"status:5xx", "the status is 200"}, explained{"status>=400", "the status is 200"},
        explained{"dur<5ms", "it took 41 ms"}, explained{"size>1k", "the response body has 11 bytes"},
        explained{"reqsize<10", "the request body has 52 bytes"}, explained{"ip:10.0", "the caller is 203.0.113.9"},
        explained{"provider:github", "the provider is stripe"},
        explained{"event:invoice.created", "the event is invoice.paid"},
        explained{"delivery:evt_2", "the delivery id is evt_1"},
        explained{"sig:bad", "the verdict on the signature is valid"},
        explained{"outcome:refused", "there is no outcome"}, explained{"comment:refund", "the comment is look at this"},
        explained{"is:live", "the origin is replay"}, explained{"-is:replay", "the origin is replay"},
        explained{"is:import", "the origin is replay"}, explained{"-is:ws", "it is a WebSocket"},
        explained{"is:error", "the status is 200 and the state is complete"},
        explained{"is:pending", "the state is complete"}, explained{"is:aborted", "the state is complete"},
        explained{"is:truncated", "no body was cut"}, explained{"-is:marked", "it is marked"},
        explained{"is:duplicate", "no earlier attempt of the delivery succeeded"},
        explained{"is:stub", "it is not labelled stub"}, explained{"-is:fault", "it is labelled fault"},
        explained{"has:x-none", "there is no field x-none"},
        explained{"-has:set-cookie", "the field set-cookie is there"},
        explained{"header.content-type:xml", "the field content-type is application/json, application/json"},
        explained{"reqheader.x-twice=c", "the field x-twice is a, b"},
        explained{"resheader.x-twice=c", "there is no field x-twice"},
        explained{"header.authorization:other", "the field authorization has another value"},
        explained{"-reqheader.authorization:s3cr3t", "the field authorization has this value"},
        explained{"header:nowhere", "no field has this text"}, explained{"-header:bearer", "a field has this text"},
        explained{"reqbody:ok", R"(the request body is {"id":1234567890123456789,"data":{"object":{"n":5}}})"},
        explained{"body:nowhere", R"(the request body is {"id":1234567890123456789,"data":{"object":{"n":5}}}, )"
                                  R"(the response body is {"ok":true})"},
        explained{"-body:ok", "a body has this text"},
        explained{"reqbody.data.object.n=6", "data.object.n of the request body is 5"},
        explained{"reqbody.id=1", "id of the request body is 1234567890123456789"},
        explained{"resbody.data:x", "the response body has no data"},
        explained{"id:0000000000002", "the id is 0000000000001"},
        explained{"parent:0000000000002", "it is a replay of 000000000002d"},
        explained{"before:2026-11-30", "it arrived at 2026-11-30T12:00:00.123456Z"},
        explained{"after:2026-12-01", "it arrived at 2026-11-30T12:00:00.123456Z"},
        explained{"type:html",
                  "the media type of the request is application/json, "
                  "the media type of the response is application/json"},
        explained{"\"nowhere\"", "the text is nowhere in it"}, explained{"-stripe", "the text is in it"},
        explained{"/nowh?ere/", "the text is nowhere in it"},
        explained{"(path:/a OR path:/b)", "the path is /hooks/stripe"},
        explained{"method:GET OR status:500", "the method is POST, the status is 200"},
        explained{"(method:GET path:/hooks) OR (method:POST status:404)", "the method is POST, the status is 200"},
        explained{"-(method:POST status:200)", "the method is POST, the status is 200"},
        explained{"-(method:GET OR status:200)", "the status is 200"}, explained{"--method:GET", "the method is POST"}),
    [](const auto& test) { return "Row" + std::to_string(test.index); });

TEST(Unmet, EachClauseHasItsPlace) {
    const auto r = sample_record();
    EXPECT_THAT(filter("method:POST  status:500 (path:/a OR path:/b) -is:marked ").unmet(r),
                ElementsAre(clause(13, "status:500", "the status is 200"),
                            clause(24, "(path:/a OR path:/b)", "the path is /hooks/stripe"),
                            clause(45, "-is:marked", "it is marked")));
    EXPECT_THAT(filter("  method:GET OR status:500  ").unmet(r),
                ElementsAre(clause(2, "method:GET OR status:500", "the method is POST, the status is 200")));
}

TEST(Unmet, ClausesOfGroupsAreJudgedEach) {
    EXPECT_THAT(
        filter("((status:500 method:POST) path:/x)").unmet(sample_record()),
        ElementsAre(clause(2, "status:500", "the status is 200"), clause(26, "path:/x", "the path is /hooks/stripe")));
}

TEST(Unmet, IsEmptyWhereTheRecordMatches) {
    for (const auto* text : {"", "method:POST", "(method:GET OR status:200) -is:live", "(is:ws (is:marked))"}) {
        EXPECT_THAT(filter(text).unmet(sample_record()), IsEmpty()) << text;
    }
}

TEST(Unmet, WhatIsMissingIsSaid) {
    record r;
    for (const auto& [text, found] :
         {std::pair("status:200", "there is no response"), std::pair("dur<1s", "it has not ended"),
          std::pair("query:a", "there is no query"), std::pair("provider:stripe", "there is no provider"),
          std::pair("event:push", "there is no event"), std::pair("ip:1", "there is no caller"),
          std::pair("type:json", "there is no media type"), std::pair("parent:0000000000002", "it is not a replay"),
          std::pair("reqbody:a", "there is no request body"), std::pair("resbody.id:1", "there is no response body"),
          std::pair("is:error", "there is no response and the state is pending")}) {
        EXPECT_THAT(filter(text).unmet(r), ElementsAre(clause(0, text, found)));
    }
    r.request.body = copy_body("plain");
    EXPECT_THAT(filter("reqbody.id:1").unmet(r),
                ElementsAre(clause(0, "reqbody.id:1", "the request body is not JSON")));
}

TEST(Unmet, DuplicatesAreThoseThatTheHistoryNames) {
    auto r = sample_record();
    r.among_attempts.duplicate = true;
    EXPECT_THAT(filter("is:duplicate").unmet(r), IsEmpty());
    EXPECT_EQ(filter("-is:duplicate").unmet(r).at(0).found, "an earlier attempt of the delivery succeeded too");
    r.among_attempts.duplicate = false;
    r.response.status = 500;
    EXPECT_EQ(filter("is:duplicate").unmet(r).at(0).found, "the status is 500");
    EXPECT_EQ(filter("is:duplicate").unmet(record()).at(0).found, "there is no delivery id");
}

TEST(Unmet, LongValuesAreCutAtACharacter) {
    record r;
    r.request.method = std::string(limits::explained_value - 1, 'x') + "\xE2\x82\xAC and more";
    EXPECT_EQ(filter("method:GET").unmet(r).at(0).found,
              "the method is " + std::string(limits::explained_value - 1, 'x') + "...");
    r.request.method.clear();
    r.request.body =
        copy_body(R"({"list":[{"id":1},{"id":2},{"id":3},{"id":4}],"text":")" + std::string(5'000, 't') + R"("})");
    EXPECT_EQ(filter("reqbody.list.id=9").unmet(r).at(0).found, "list.id of the request body is 1, 2, 3");
    EXPECT_LT(filter("reqbody.text=x").unmet(r).at(0).found.size(), 200U);
    std::string many = "method:A";
    for (int i = 0; i < 30; ++i) many += " OR reqheader.x-" + std::string(30, static_cast<char>('a' + i % 26)) + ":v";
    EXPECT_LE(filter(many).unmet(r).at(0).found.size(), limits::explained_clause + 3);
}

TEST(Unmet, BytesThatAreNoTextAreGivenAsTheyAre) {
    record r;
    r.request.target = "/\xFF\xFE" + std::string(200, '\x80');
    EXPECT_THAT(filter("path:/x").unmet(r).at(0).found, HasSubstr("the path is /\xFF\xFE\x80"));
}

}  // namespace
}  // namespace tunnel::inspector
