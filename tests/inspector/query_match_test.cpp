#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "inspector/body_capture.hpp"
#include "inspector/history_file.hpp"
#include "inspector/history_fixture.hpp"
#include "inspector/history_reader.hpp"
#include "inspector/query.hpp"

namespace tunnel::inspector {
namespace {

struct filter_case {
    const char* text;
    bool matches;
};
class Filter : public testing::TestWithParam<filter_case> {};

TEST_P(Filter, OnTheSampleRecord) {
    auto r = sample_record();
    EXPECT_EQ(filter(GetParam().text).match(r), GetParam().matches) << GetParam().text;
}

constexpr bool yes = true;
constexpr bool no = false;
INSTANTIATE_TEST_SUITE_P(
    Table, Filter,
    testing::Values(
        filter_case{"", yes}, filter_case{"method:post", yes}, filter_case{"method:P", no},
        filter_case{"method=POST", yes}, filter_case{"method!=POST", no}, filter_case{"-method:GET", yes},
        filter_case{"path:/HOOKS", yes}, filter_case{"path=/hooks/stripe", yes}, filter_case{"path=/hooks", no},
        filter_case{"path~^/hooks/[a-z]+$", yes}, filter_case{"path~/^.hooks/", yes},
        filter_case{"url:example.dev/hooks", yes}, filter_case{"host:app.example", yes},
        filter_case{"host=APP.example.dev", yes}, filter_case{"query:x=1", yes}, filter_case{"status:200", yes},
        filter_case{"status:2xx", yes}, filter_case{"status:>=200", yes}, filter_case{"status>200", no},
        filter_case{"status<300", yes}, filter_case{"status<=2xx", yes}, filter_case{"status>1xx", yes},
        filter_case{"status!=404", yes}, filter_case{"dur>40ms", yes}, filter_case{"dur:<40ms", no},
        filter_case{"dur>0.04s", yes}, filter_case{"dur<1", no}, filter_case{"size:11", yes},
        filter_case{"size<1k", yes}, filter_case{"reqsize>10", yes}, filter_case{"ip:203.0", yes},
        filter_case{"provider:stripe", yes}, filter_case{"event=invoice.paid", yes}, filter_case{"sig:valid", yes},
        filter_case{"sig:ok", yes}, filter_case{"sig:bad", no}, filter_case{"is:replay", yes},
        filter_case{"is:live", no}, filter_case{"is:ws", yes}, filter_case{"is:error", no},
        filter_case{"is:pending", no}, filter_case{"is:truncated", no}, filter_case{"is:marked", yes},
        filter_case{"is:fault", yes}, filter_case{"is:stub", no}, filter_case{"has:authorization", yes},
        filter_case{"has:x-none", no}, filter_case{"header:bearer", yes},
        filter_case{"header:\"content-type: json\"", yes}, filter_case{"header.content-type:json", yes},
        filter_case{"header.Content-Type=application/json", yes}, filter_case{"reqheader.set-cookie:s", no},
        filter_case{"resheader.set-cookie:s=1", yes}, filter_case{"header.x-twice=b", yes},
        filter_case{"reqheader~^X-Twice", yes}, filter_case{"body:\"OK\"", yes}, filter_case{"reqbody:ok", no},
        filter_case{"resbody:\"ok\\\":true\"", yes}, filter_case{"body.data.object.n:5", yes},
        filter_case{"body.data.object.n>4", yes}, filter_case{"body.data.object.n>5", no},
        filter_case{"body.id=1234567890123456789", yes}, filter_case{"body.id=1234567890123456788", no},
        filter_case{"body.ok=true", yes}, filter_case{"reqbody.ok=true", no}, filter_case{"body.none:1", no},
        filter_case{"body.none!=1", yes}, filter_case{"id:0000000000001", yes}, filter_case{"id>0000000000001", no},
        filter_case{"parent:000000000002d", yes}, filter_case{"delivery:evt_1", yes},
        filter_case{"after:2026-11-30", yes}, filter_case{"before:2026-11-30T12:00", no}, filter_case{"since:1m", yes},
        filter_case{"since:2026-11-30T13:00:00+01:00", yes}, filter_case{"since:2026-12-01", no},
        filter_case{"until:2026-12-01", yes}, filter_case{"until:2026-11-30T12:00", no}, filter_case{"until:1h", no},
        filter_case{"before:1m", no}, filter_case{"after:1m", yes}, filter_case{"type:json", yes},
        filter_case{"comment:look", yes}, filter_case{"\"1234567890123456789\"", yes}, filter_case{"stripe", yes},
        filter_case{"/inv[o]ice/", yes}, filter_case{"/INVOICE/", no}, filter_case{"/INVOICE/i", yes},
        filter_case{"(method:GET OR status:200) -path:/x", yes}, filter_case{"method:GET OR status:500", no},
        filter_case{"method:GET status:500 OR path:/hooks", yes}, filter_case{"-(method:GET OR path:/hooks)", no},
        filter_case{"--method:POST", yes}));

TEST(Query, CompressedBodiesAreSearchedDecoded) {
    auto r = sample_record();
    std::string packed(200, '\0');
    auto size = static_cast<uLongf>(packed.size());
    const std::string text = R"({"name":"needle"})";
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size());
    r.response.body = copy_body(packed.substr(0, size));
    r.response.fields.emplace_back("Content-Encoding", "deflate");
    EXPECT_TRUE(filter("resbody:needle").match(r));
    EXPECT_TRUE(filter("resbody.name=needle").match(r));
}

TEST(Query, AnArrayMatchesByIndexOrByAnyElement) {
    auto r = sample_record();
    r.request.body = copy_body(R"({"items":[{"id":1},{"id":22222222222222222222}]})");
    EXPECT_TRUE(filter("body.items[0].id=1").match(r));
    EXPECT_TRUE(filter("body.items.1.id=22222222222222222222").match(r));
    EXPECT_FALSE(filter("body.items.1.id=22222222222222222221").match(r));
    EXPECT_TRUE(filter("body.items.id=1").match(r));
    EXPECT_FALSE(filter("body.items[2].id:1").match(r));
}

TEST(Query, ACostlyRegularExpressionEndsInTime) {
    auto r = sample_record();
    r.request.body = copy_body(std::string(1'000'000, 'a') + "!");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(filter("reqbody~(a+)+$").match(r));
    EXPECT_FALSE(filter("reqbody~(a|aa)*b").match(r));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(Query, DeepJsonIsNotSearchedByPath) {
    auto r = sample_record();
    r.request.body = copy_body(std::string(100'000, '[') + std::string(100'000, ']'));
    EXPECT_FALSE(filter("body.a:1").match(r));
}

TEST(Query, NeedsNoMoreThanItLooksAt) {
    EXPECT_EQ(filter("status:200 path:/a").needs(), query_needs::summary);
    EXPECT_EQ(filter("has:x-a").needs(), query_needs::heads);
    EXPECT_EQ(filter("has:x-a OR body:x").needs(), query_needs::bodies);
    EXPECT_TRUE(filter("status:200 (path:/a OR -is:live)").prefilter().exact);
    EXPECT_FALSE(filter("status:200 body:a").prefilter().exact);
}

/// SQL never rules out what matches, and says exactly what matches where it claims to.
TEST(Query, SqlAndMatchAgreeOnRandomRecords) {
    sqlite::connection database = open_memory_history("file:/query-test?vfs=memdb");
    history_reader reader("file:/query-test?vfs=memdb");
    std::mt19937 random(7);
    std::vector<record> all;
    {
        record_writer writer(database);
        sqlite::transaction transaction(database);
        for (int i = 0; i < 300; ++i) {
            auto r = random_record(random);
            r.id = static_cast<record_id>(i) + 1;
            writer.put(r);
            const auto succeeded = [](const record& one) {
                return !one.webhook.delivery.empty() && one.response.status / 100 == 2;
            };
            r.among_attempts.duplicate = succeeded(r) && std::ranges::any_of(all, [&](const record& earlier) {
                                             return succeeded(earlier) &&
                                                    earlier.webhook.provider == r.webhook.provider &&
                                                    earlier.webhook.delivery == r.webhook.delivery;
                                         });
            all.push_back(r);
        }
        transaction.commit();
    }
    for (const char* text : {"method:get",
                             "method=put",
                             "-method:put",
                             "path:HOOKS",
                             "path=/a",
                             "url:b.example",
                             "host:A.EXAMPLE.dev",
                             "host=a.example.dev",
                             "query:x",
                             "query!=x=1",
                             "status:2xx",
                             "status>=400",
                             "-status:2xx",
                             "status<300",
                             "dur>1s",
                             "-dur>1s",
                             "dur<=1s",
                             "size>0",
                             "size:0",
                             "reqsize<100",
                             "ip:127",
                             "ip=::1",
                             "provider:STRIPE",
                             "event:push",
                             "sig:bad",
                             "-sig:valid",
                             "is:replay",
                             "is:error",
                             "-is:error",
                             "is:pending",
                             "is:truncated",
                             "is:marked",
                             "is:duplicate",
                             "-is:duplicate has:upgrade",
                             "is:duplicate body:foo",
                             "is:fault",
                             "-is:stub",
                             "is:ws",
                             "has:upgrade",
                             "header:push",
                             "header.content-type:json",
                             "body:foo",
                             "-body:foo",
                             "reqbody.id:7",
                             "body.list.id>=2",
                             "parent>0000000000000",
                             "delivery=evt_1",
                             "after:2026-11-30T12:30",
                             "before:2026-11-30T12:30",
                             "type:json",
                             "-type:json",
                             "outcome:app",
                             "comment:caf\xC3\xA9",
                             "foo",
                             "/[Ff]oo/",
                             "-/[Ff]oo/",
                             "(status:2xx OR body:foo) -is:fault",
                             "-(status:2xx body:foo)",
                             "method:get OR -(has:upgrade OR is:live)"}) {
        const auto q = filter(text);
        page_request request;
        request.filter = q;
        request.limit = limits::page_records;
        request.oldest_first = true;
        request.time = std::chrono::seconds(60);
        std::vector<record_id> expected;
        for (const auto& r : all) {
            if (q.match(r)) expected.push_back(r.id);
        }
        EXPECT_EQ(ids_of(reader.list(request).items), expected) << text;
    }
}

}  // namespace
}  // namespace tunnel::inspector
