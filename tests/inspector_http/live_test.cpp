#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <future>
#include <mutex>

#include "inspector_http/inspector_fixture.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {
namespace {

using namespace inspector;
using testing::ElementsAre;

/// Reads and writes of a stream that resumes.
std::string resume(std::uint64_t id) { return "Last-Event-ID: " + std::to_string(id) + "\r\n"; }

TEST_F(InspectorHttp, AStreamBeginsWithHelloAndSendsEveryChange) {
    event_reader stream(connect(), head("GET", "/api/v1/events"));
    EXPECT_EQ(stream.response.status(), 200U);
    EXPECT_EQ(stream.response.value("Content-Type"), "text/event-stream");
    const auto hello = stream.next();
    EXPECT_EQ(hello.name, "hello");
    EXPECT_EQ(hello.data, (nlohmann::json{{"resumed", false}}));
    const auto id = keep();
    const auto stored = stream.next("exchange");
    EXPECT_EQ(stored.data.at("id"), to_string(id));
    EXPECT_GT(stored.id, hello.id);
    history.remove({id});
    EXPECT_EQ(stream.next("removed").data, (nlohmann::json{{"ids", {to_string(id)}}}));
    history.clear(true);
    EXPECT_EQ(stream.next("removed").data, (nlohmann::json{{"all", true}}));
    feed.watch_ran(id, {id + 1, id, 201, {}, true, true, {}, {}});
    EXPECT_EQ(stream.next("watch").data.at("result").at("status"), 201);
}

TEST_F(InspectorHttp, AStreamSendsStatusAtMostOnceASecond) {
    event_reader stream(connect(), head("GET", "/api/v1/events"));
    EXPECT_EQ(stream.next().name, "hello");
    const auto begun = std::chrono::steady_clock::now();
    feed.status_changed();
    EXPECT_EQ(stream.next("status").data.at("tunnel").at("state"), "up");
    feed.status_changed();
    EXPECT_EQ(stream.next("status").data.at("version").get<std::string>().empty(), false);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, limits::status_pause);
}

TEST_F(InspectorHttp, AStreamWithAFilterNamesWhatNoLongerMatches) {
    event_reader stream(connect(), head("GET", "/api/v1/events?q=is%3Apending"));
    EXPECT_EQ(stream.next().name, "hello");
    auto r = fresh();
    r.state = record_state::pending;
    put(r);
    EXPECT_EQ(stream.next("exchange").data.at("state"), "pending");
    r.state = record_state::complete;
    put(r);
    EXPECT_EQ(stream.next("unmatched").data.at("id"), to_string(r.id));
    EXPECT_EQ(get("/api/v1/events?q=nokey%3A1").status, 400U);
}

TEST_F(InspectorHttp, AStreamResumesWhereItEnded) {
    std::uint64_t last = 0;
    {
        event_reader stream(connect(), head("GET", "/api/v1/events"));
        EXPECT_EQ(stream.next().name, "hello");
        keep();
        last = stream.next("exchange").id;
    }
    const auto missed = keep();
    const auto missed_too = keep();
    event_reader stream(connect(), head("GET", "/api/v1/events", resume(last)));
    EXPECT_EQ(stream.next().data.at("resumed"), true);
    EXPECT_EQ(stream.next("exchange").data.at("id"), to_string(missed));
    EXPECT_EQ(stream.next("exchange").data.at("id"), to_string(missed_too));
}

TEST_F(InspectorHttp, AStreamThatCannotResumeResets) {
    for (const auto* last : {"1", "18446744073709551615"}) {
        event_reader stream(connect(), head("GET", "/api/v1/events?last_event_id=" + std::string(last)));
        EXPECT_EQ(stream.next().data.at("resumed"), false);
        EXPECT_EQ(stream.next().name, "reset");
    }
    EXPECT_EQ(get("/api/v1/events?last_event_id=x").status, 400U);
}

TEST_F(InspectorHttp, AStalledStreamDelaysNoOther) {
    auto stalled = test::http_socket::connect(port(), 4096);
    stalled.send(head("GET", "/api/v1/events"));
    event_reader reading(connect(), head("GET", "/api/v1/events"));
    EXPECT_EQ(reading.next().name, "hello");
    std::string last;
    for (int i = 0; i < 500; ++i) {
        auto r = fresh();
        r.request.target = "/" + std::string(4'000, 'x');
        last = to_string(r.id);
        put(std::move(r));
    }
    while (reading.next("exchange").data.at("id") != last) {
    }
    EXPECT_EQ(get("/api/v1/status").status, 200U);
}

TEST_F(InspectorHttp, StreamsAreCounted) {
    std::vector<event_reader> streams;
    for (std::size_t i = 0; i < limits::streams; ++i) {
        streams.emplace_back(connect(), head("GET", "/api/v1/events"));
        EXPECT_EQ(streams.back().next().name, "hello");
    }
    const auto refused = get("/api/v1/events");
    EXPECT_EQ(refused.status, 503U);
    EXPECT_EQ(refused.json.at("error").at("code"), "too_many_streams");
    streams.pop_back();
    // The inspector sees the end of the connection in its own time.
    for (const auto deadline = std::chrono::steady_clock::now() + test::time_limit;;) {
        auto again = connect();
        again.send(head("GET", "/api/v1/events"));
        test::http_message message;
        message.head = again.read_head();
        if (message.status() == 200) break;
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
}

TEST_F(InspectorHttp, WaitSeesWhatIsThereAndWhatComes) {
    const auto before = keep();
    const auto there = get("/api/v1/wait?after=0&q=status%3A200").json;
    EXPECT_EQ(there.at("met"), true);
    EXPECT_EQ(there.at("last"), to_string(before));

    auto socket = connect();
    socket.send(head("GET", "/api/v1/wait?count=2&after=" + to_string(before)));
    const auto first = keep();
    keep([](record& r) { r.state = record_state::pending; });
    const auto second = keep();
    const auto met = nlohmann::json::parse(socket.read_message().body);
    EXPECT_EQ(met.at("met"), true);
    ASSERT_EQ(met.at("items").size(), 2U);
    EXPECT_EQ(met.at("items").at(0).at("id"), to_string(first));
    EXPECT_EQ(met.at("items").at(1).at("id"), to_string(second)) << "the pending one does not count";
}

TEST_F(InspectorHttp, WaitCountsARecordOnceItEnds) {
    auto r = fresh();
    r.state = record_state::pending;
    put(r);
    history.flush();
    auto socket = connect();
    socket.send(head("GET", "/api/v1/wait?after=0&q=status%3A200"));
    r.state = record_state::complete;
    put(r);
    EXPECT_EQ(nlohmann::json::parse(socket.read_message().body).at("items").at(0).at("id"), to_string(r.id));
}

TEST_F(InspectorHttp, WaitHasNoRaceWithRecordsThatCome) {
    for (int round = 0; round < 30; ++round) {
        const auto last = keep();
        auto kept = std::async(std::launch::async, [&] { return keep(); });
        const auto met = get("/api/v1/wait?timeout_ms=20000&after=" + to_string(last)).json;
        EXPECT_EQ(met.at("met"), true);
        EXPECT_EQ(met.at("items").at(0).at("id"), to_string(kept.get()));
    }
}

TEST_F(InspectorHttp, WaitThatIsNotMetNamesTheNearestMisses) {
    const auto near = keep([](record& r) { r.response.status = 404; });
    const auto further = keep([](record& r) {
        r.response.status = 404;
        r.request.method = "GET";
    });
    const auto missed = get("/api/v1/wait?after=0&timeout_ms=0&q=method%3APOST+status%3A200").json;
    EXPECT_EQ(missed.at("met"), false);
    EXPECT_TRUE(missed.at("step").is_null());
    const auto& misses = missed.at("misses");
    ASSERT_EQ(misses.size(), 2U);
    EXPECT_EQ(misses.at(0).at("exchange").at("id"), to_string(near));
    EXPECT_EQ(misses.at(0).at("unmet"),
              nlohmann::json::parse(R"([{"clause":"status:200","position":12,"reason":"the status is 404"}])"));
    EXPECT_EQ(misses.at(1).at("exchange").at("id"), to_string(further));
    EXPECT_EQ(misses.at(1).at("unmet").size(), 2U);
    EXPECT_EQ(misses.at(1).at("unmet").at(0).at("reason"), "the method is GET");
}

TEST_F(InspectorHttp, WaitNamesThreeMissesAndThoseThatHaveNotEnded) {
    for (int i = 0; i < 4; ++i) keep([](record& r) { r.response.status = 404; });
    const auto open = keep([](record& r) { r.state = record_state::pending; });
    const auto missed = get("/api/v1/wait?after=0&timeout_ms=0&q=status%3A200").json;
    const auto& misses = missed.at("misses");
    ASSERT_EQ(misses.size(), limits::named_misses);
    EXPECT_EQ(misses.at(0).at("unmet").size(), 1U);
    EXPECT_EQ(misses.at(0).at("exchange").at("id"), to_string(open));
    EXPECT_EQ(misses.at(0).at("unmet").at(0).at("reason"), "it has not ended");
}

TEST_F(InspectorHttp, WaitForNothingIsMetByTheTimeout) {
    const auto quiet = get("/api/v1/wait?none=true&timeout_ms=30").json;
    EXPECT_EQ(quiet.at("met"), true);
    keep();
    const auto met = get("/api/v1/wait?none=true&after=0&timeout_ms=20000").json;
    EXPECT_EQ(met.at("met"), false);
    EXPECT_EQ(met.at("items").size(), 1U);
}

TEST_F(InspectorHttp, WaitForNothingIsNotMetByWhatIsOpenWhenTheTimeEnds) {
    const auto open = keep([](record& r) { r.state = record_state::pending; });
    const auto seen = get("/api/v1/wait?none=true&after=0&timeout_ms=0&q=path%3A/hooks").json;
    EXPECT_EQ(seen.at("met"), false);
    EXPECT_EQ(seen.at("items").at(0).at("id"), to_string(open));
    EXPECT_EQ(get("/api/v1/wait?none=true&after=0&timeout_ms=0&q=path%3A/other").json.at("met"), true);
}

TEST_F(InspectorHttp, WaitSeesWhatWasStillToBeStored) {
    for (int round = 0; round < 20; ++round) {
        auto r = fresh();
        const auto before = r.id - 1;
        put(r);
        EXPECT_EQ(get("/api/v1/wait?timeout_ms=0&after=" + to_string(before)).json.at("met"), true);
    }
}

std::function<void(record&)> of_event(const char* event) {
    return [event](record& r) { r.webhook.event = event; };
}

TEST_F(InspectorHttp, WaitForAnOrderTakesTheFirstOfEachInOrderOfArrival) {
    const std::string wait = "/api/v1/wait?after=0&q=event%3Dcreated&then=event%3Dpaid%0Aevent%3Dclosed";
    const auto early = keep(of_event("paid"));
    const auto created = keep(of_event("created"));
    keep(of_event("other"));
    const auto missed = get(wait + "&timeout_ms=0").json;
    EXPECT_EQ(missed.at("met"), false);
    EXPECT_EQ(missed.at("step"), 1);
    EXPECT_EQ(missed.at("items").size(), 1U);
    EXPECT_EQ(missed.at("items").at(0).at("id"), to_string(created));
    // The one that arrived too early is the nearest.
    const auto& nearest = missed.at("misses").at(0);
    EXPECT_EQ(nearest.at("exchange").at("id"), to_string(early));
    EXPECT_EQ(nearest.at("unmet").at(0).at("reason"),
              "it arrived before " + to_string(created) + ", which had to come first");

    auto socket = connect();
    socket.send(head("GET", wait));
    const auto paid = keep(of_event("paid"));
    keep(of_event("paid"));
    const auto closed = keep(of_event("closed"));
    const auto met = nlohmann::json::parse(socket.read_message().body);
    EXPECT_EQ(met.at("met"), true);
    EXPECT_TRUE(met.at("step").is_null());
    ASSERT_EQ(met.at("items").size(), 3U);
    EXPECT_EQ(met.at("items").at(1).at("id"), to_string(paid));
    EXPECT_EQ(met.at("items").at(2).at("id"), to_string(closed));
    EXPECT_EQ(met.at("last"), to_string(closed));
}

TEST_F(InspectorHttp, WaitForAnOrderCountsByArrivalWhicheverEndsFirst) {
    auto first = fresh();
    first.webhook.event = "created";
    first.state = record_state::pending;
    put(first);
    keep(of_event("paid"));
    auto socket = connect();
    socket.send(head("GET", "/api/v1/wait?after=0&q=event%3Dcreated&then=event%3Dpaid"));
    first.state = record_state::complete;
    put(first);
    EXPECT_EQ(nlohmann::json::parse(socket.read_message().body).at("met"), true);
}

TEST_F(InspectorHttp, WaitBeginsWhereItIsTold) {
    const auto old =
        first_id_at(std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()) - std::chrono::hours(1));
    auto r = fresh();
    r.id = old;
    put(r);
    history.flush();
    const auto last_of = [&](const std::string& from) {
        return get("/api/v1/wait?timeout_ms=0&" + from).json.at("met").get<bool>();
    };
    EXPECT_TRUE(last_of("after=0"));
    EXPECT_TRUE(last_of("since_ms=7200000"));
    EXPECT_FALSE(last_of("since_ms=1800000"));
    EXPECT_FALSE(last_of("after=start")) << "it is of an earlier run";
    EXPECT_FALSE(last_of("after=" + to_string(old)));
    keep();
    EXPECT_TRUE(last_of("after=start"));
    EXPECT_TRUE(last_of("since_ms=1800000"));
    const auto now = get("/api/v1/now").json.at("id").get<std::string>();
    EXPECT_FALSE(last_of("after=" + now));
    keep();
    EXPECT_TRUE(last_of("after=" + now));
}

TEST_F(InspectorHttp, AWaitThatMakesNoSenseIsRefused) {
    for (const auto* wrong :
         {"after=0&since_ms=5", "since_ms=0", "after=soon", "count=0", "count=1001", "timeout_ms=600001",
          "then=path%3A/a&count=2", "then=path%3A/a&none=true", "none=maybe"}) {
        EXPECT_EQ(get("/api/v1/wait?" + std::string(wrong)).json.at("error").at("code"), "bad_request") << wrong;
    }
    EXPECT_EQ(get("/api/v1/wait?then=path%3A/a%0Anokey%3A1").json.at("error").at("code"), "bad_filter");
    std::string many;
    for (std::size_t i = 0; i < limits::wait_steps; ++i) many += "a%0A";
    EXPECT_EQ(get("/api/v1/wait?then=" + many).status, 400U);
}

TEST_F(InspectorHttp, WaitsAreCounted) {
    std::promise<unsigned> first_status;
    std::once_flag first;
    std::vector<std::future<unsigned>> waiting;
    for (std::size_t i = 0; i <= limits::waits; ++i) {
        waiting.push_back(std::async(std::launch::async, [&] {
            const auto response = get("/api/v1/wait?after=start&q=path%3A/never");
            std::call_once(first, [&] { first_status.set_value(response.status); });
            return response.status;
        }));
    }
    // Nothing matches yet: only the one that is refused returns.
    EXPECT_EQ(first_status.get_future().get(), 503U);
    keep([](record& r) { r.request.target = "/never"; });
    std::size_t served = 0;
    for (auto& result : waiting) {
        if (result.get() == 200) ++served;
    }
    EXPECT_EQ(served, limits::waits);
}

TEST_F(InspectorHttp, StoppingEndsStreamsAndWaits) {
    event_reader stream(connect(), head("GET", "/api/v1/events"));
    EXPECT_EQ(stream.next().name, "hello");
    auto waiting = connect();
    waiting.send(head("GET", "/api/v1/wait"));
    auto idle = connect();
    server_->stop();
    static_cast<void>(stream.socket.wait_for_end());
    static_cast<void>(waiting.wait_for_end());
    static_cast<void>(idle.wait_for_end());
}

TEST_F(InspectorHttp, AWaitIsNotMetByAHistoryThatCannotBeRead) {
    keep();
    history.refuse_lists(true);
    for (const auto* const wanted : {"none=true", "count=1", "q=path%3A%2Fa&then=path%3A%2Fb"}) {
        const auto refused = get("/api/v1/wait?after=0&timeout_ms=0&" + std::string(wanted));
        EXPECT_EQ(refused.status, 503U) << wanted;
        EXPECT_EQ(refused.json.at("error").at("code"), "history_unavailable") << wanted;
    }
    history.refuse_lists(false);
    EXPECT_EQ(get("/api/v1/wait?after=0&timeout_ms=0&none=true").json.at("met"), false);
}

TEST(LiveFeed, ChangesThatAreNoLongerKeptAreNotGiven) {
    live_feed feed;
    const auto listener = feed.listener();
    const auto start = feed.position();
    for (std::size_t i = 0; i <= limits::kept_changes; ++i) listener({i, change_kind::stored, i, nullptr});
    EXPECT_FALSE(feed.after(start));
    EXPECT_EQ(feed.after(start + 1)->size(), limits::kept_changes);
    EXPECT_TRUE(feed.after(feed.position())->empty());
    EXPECT_FALSE(feed.after(feed.position() + 1));
}

}  // namespace
}  // namespace tunnel::inspector_http
