// Each fault, as caller and app see it: byte for byte.

#include "faults/fault_gate.hpp"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "e2e/tunnel_fixture.hpp"
#include "inspection/capture.hpp"
#include "support/kept_records.hpp"

namespace tunnel::test {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::ElementsAre;

const std::string post_head = "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";

class Faults : public TunnelTest {
 protected:
    Faults() {
        faults::fault_gate::surroundings around;
        around.say = [this](const std::string& line) {
            const std::lock_guard lock(mutex_);
            said_.push_back(line);
        };
        around.random = [] { return 0.5; };
        inspection::capture_settings settings;
        settings.app = "127.0.0.1:" + std::to_string(app.port());
        auto& recorded = outlive<inspection::capture>(kept.history, settings);
        tap = &recorded;
        faulty = std::make_shared<faults::fault_gate>(runtime(), client_options, std::move(around));
        faulty->observe(tap);
        detours = faulty.get();
    }
    ~Faults() override {
        faulty->stop();
        finish();  // the client uses it to its end, and it uses the event loop
    }

    void start_with(std::string_view rule) {
        start();
        const auto added = faulty->add(rule);
        if (const auto* refused = std::get_if<std::string>(&added)) FAIL() << *refused;
    }
    /// Waits until the only rule has met so many requests.
    void expect_applied(std::uint64_t n) {
        const auto until = clock::now() + time_limit;
        while (faulty->rows().at(0).applied < n) {
            ASSERT_LT(clock::now(), until);
            std::this_thread::yield();
        }
    }
    void expect_app_has(std::size_t n) {
        const auto until = clock::now() + time_limit;
        while (app.count() < n) {
            ASSERT_LT(clock::now(), until);
            std::this_thread::yield();
        }
    }
    /// The caller's connection is reset, and nothing came.
    static void expect_reset(http_socket& caller) {
        try {
            ADD_FAILURE() << "something came: " << caller.read_some();
        } catch (const peer_left& end) {
            EXPECT_TRUE(end.reset);
        }
    }
    [[nodiscard]] std::vector<std::string> said() {
        const std::lock_guard lock(mutex_);
        return said_;
    }

    kept_records& kept = outlive<kept_records>();
    std::shared_ptr<faults::fault_gate> faulty;

 private:
    std::mutex mutex_;
    std::vector<std::string> said_;
};

TEST_F(Faults, AStatusComesInPlaceOfTheApps) {
    ASSERT_NO_FATAL_FAILURE(start_with("status 503 retry-after 10 if path:/hook"));
    auto caller = call();
    caller.send(post_head);
    caller.send("hook");
    const auto got = caller.read_message();
    const std::string text = "tunnel-client: 503 on purpose, by fault 1\n";
    EXPECT_EQ(without_date(got.head),
              "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Cache-Control: no-store\r\nRetry-After: 10\r\nX-Tunnel-Fault: 1\r\nContent-Length: " +
                  std::to_string(text.size()) + "\r\n\r\n");
    EXPECT_EQ(got.body, text);
    EXPECT_EQ(app.count(), 0U);
    // The connection is still good, and what the rule does not name goes to the app.
    caller.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().status(), 200U);
    EXPECT_EQ(app.count(), 1U);
    const auto record = kept.ended(1);
    EXPECT_THAT(record.labels, ElementsAre("fault"));
    EXPECT_EQ(record.response.status, 503);
    EXPECT_EQ(record.request.body.bytes, "hook");
    EXPECT_THAT(kept.ended(2).labels, testing::IsEmpty());
    EXPECT_THAT(said(), ElementsAre("fault 1 is on: status 503 retry-after 10 if path:/hook"));
}

TEST_F(Faults, AStatusWithoutABodyHasNone) {
    ASSERT_NO_FATAL_FAILURE(start_with("status 204"));
    const auto got = get("/");
    EXPECT_EQ(without_date(got.head),
              "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nX-Tunnel-Fault: 1\r\n\r\n");
}

TEST_F(Faults, AResetComesBeforeTheApp) {
    ASSERT_NO_FATAL_FAILURE(start_with("reset"));
    auto caller = call();
    caller.send(post_head + "hook");
    expect_reset(caller);
    EXPECT_EQ(app.count(), 0U);
    const auto record = kept.ended(1);
    EXPECT_THAT(record.labels, ElementsAre("fault"));
    EXPECT_EQ(record.outcome, "reset");
    EXPECT_EQ(record.state, inspector::record_state::aborted);
}

TEST_F(Faults, ADroppedResponseIsOneThatTheAppGave) {
    ASSERT_NO_FATAL_FAILURE(start_with("drop"));
    auto caller = call();
    caller.send(post_head + "hook");
    expect_reset(caller);
    EXPECT_EQ(app.count(), 1U);
    EXPECT_EQ(app.last_seen().body, "hook");
    const auto record = kept.ended(1);
    EXPECT_THAT(record.labels, ElementsAre("fault"));
    EXPECT_EQ(record.response.status, 200);
    EXPECT_EQ(record.response.body.bytes, "hook");
}

TEST_F(Faults, ALongResponseIsDroppedToo) {
    constexpr std::size_t size = 1024 * 1024;
    app.on("/long", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start_with("drop"));
    auto caller = call();
    caller.send("GET /long?" + std::to_string(size) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_reset(caller);
    EXPECT_EQ(kept.ended(1).response.body.length, size);
}

TEST_F(Faults, ATruncatedResponseEndsBehindSomeOfItsBytes) {
    app.on_any([](sample_app_server::call& c) { c.reply("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcdefgh"); });
    ASSERT_NO_FATAL_FAILURE(start_with("truncate 3"));
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_head()), "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
    EXPECT_EQ(caller.read_to_end(), "abc");
    EXPECT_THAT(kept.ended(1).labels, ElementsAre("fault"));
}

TEST_F(Faults, ATruncatedResponseIsNeverWhole) {
    app.on_any([](sample_app_server::call& c) { c.reply("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcdefgh"); });
    ASSERT_NO_FATAL_FAILURE(start_with("truncate 100"));
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)caller.read_head();
    EXPECT_EQ(caller.read_to_end(), "abcdefg");
}

TEST_F(Faults, AChunkedResponseIsTruncatedInAChunk) {
    app.on_any([](sample_app_server::call& c) {
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n0\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start_with("truncate 3"));
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_head()), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(caller.read_to_end(), "3\r\nabc\r\n");
}

TEST_F(Faults, AResponseWithoutABodyThatCannotBeTruncatedDoesNotCome) {
    app.on_any([](sample_app_server::call& c) { c.reply("HTTP/1.1 204 No Content\r\n\r\n"); });
    ASSERT_NO_FATAL_FAILURE(start_with("truncate"));
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_reset(caller);
}

TEST_F(Faults, ADelayedResponseIsTheSameOne) {
    app.on_any([](sample_app_server::call& c) { c.reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); });
    ASSERT_NO_FATAL_FAILURE(start_with("delay 300ms"));
    const auto before = clock::now();
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto got = caller.read_message();
    EXPECT_GE(clock::now() - before, 300ms);
    EXPECT_EQ(without_date(got.head) + got.body, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().body, "ok");
}

TEST_F(Faults, ALongDelayedResponseComesWhole) {
    constexpr std::size_t size = 1024 * 1024;
    app.on("/long", sample_app_server::download);
    ASSERT_NO_FATAL_FAILURE(start_with("delay 200ms"));
    auto caller = call();
    caller.send("GET /long?" + std::to_string(size) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)caller.read_head();
    caller.read_pattern(size);
}

TEST_F(Faults, ACallerThatLeavesEndsADelay) {
    ASSERT_NO_FATAL_FAILURE(start_with("delay 10m"));
    auto caller = call();
    caller.send(post_head + "hook");
    expect_app_has(1);
    caller.reset();
    EXPECT_THAT(kept.ended(1).labels, ElementsAre("fault"));
}

TEST_F(Faults, ADuplicateIsTheSameRequestAtTheSameTime) {
    counter arrived;
    app.on_any([&](sample_app_server::call& c) {
        c.read_body();
        arrived.add();
        EXPECT_TRUE(arrived.reaches(2)) << "the other one is not there at the same time";
        c.reply(ok_answer("done"));
    });
    ASSERT_NO_FATAL_FAILURE(start_with("duplicate"));
    auto caller = call();
    caller.send(post_head);
    caller.send("hook");
    EXPECT_EQ(caller.read_message().body, "done");
    const auto seen = app.seen();
    ASSERT_EQ(seen.size(), 2U);
    for (const auto& one : seen) {
        EXPECT_EQ(one.head, forwarded("POST /hook HTTP/1.1", "Host: a\r\n", "a", "Content-Length: 4\r\n"));
        EXPECT_EQ(one.body, "hook");
    }
    for (const auto n : {1U, 2U}) {
        const auto record = kept.ended(n);
        EXPECT_THAT(record.labels, ElementsAre("fault"));
        EXPECT_EQ(record.request.body.bytes, "hook");
        EXPECT_EQ(record.response.body.bytes, "done");
    }
    // One response only.
    caller.shutdown_send();
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Faults, ABodyTooLongToBeKeptIsDeliveredOnce) {
    app.on_any(sample_app_server::upload);
    ASSERT_NO_FATAL_FAILURE(start_with("duplicate"));
    constexpr std::size_t size = 1024 * 1024;
    auto caller = call();
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    caller.send_pattern(size);
    EXPECT_EQ(caller.read_message().body, std::to_string(size) + " bytes");
    EXPECT_EQ(app.count(), 1U);
}

TEST_F(Faults, HeldRequestsReachTheAppInReverseOrder) {
    std::mutex mutex;
    std::map<std::size_t, std::string> order;  // by connection
    app.on_any([&](sample_app_server::call& c) {
        {
            const std::lock_guard lock(mutex);
            order[c.connection] = c.request.target();
        }
        sample_app_server::echo(c);
    });
    ASSERT_NO_FATAL_FAILURE(start_with("hold 3 1m"));
    std::vector<http_socket> callers;
    for (const auto* target : {"/1", "/2", "/3"}) {
        EXPECT_EQ(app.count(), 0U);
        callers.push_back(call());
        callers.back().send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_applied(callers.size());
    }
    for (auto& caller : callers) EXPECT_EQ(caller.read_message().status(), 200U);
    std::vector<std::string> targets;
    for (const auto& [connection, target] : order) targets.push_back(target);
    if (std::getenv("TUNNEL_TEST_THREADS") != nullptr) {
        EXPECT_THAT(targets, testing::UnorderedElementsAre("/3", "/2", "/1"));
    } else {
        EXPECT_THAT(targets, ElementsAre("/3", "/2", "/1"));
    }
}

TEST_F(Faults, AHeldRequestWaitsForOthersOnlySoLong) {
    ASSERT_NO_FATAL_FAILURE(start_with("hold 2 100ms"));
    const auto before = clock::now();
    EXPECT_EQ(get("/").status(), 200U);
    EXPECT_GE(clock::now() - before, 100ms);
}

TEST_F(Faults, ACallerThatLeavesDoesNotReachTheApp) {
    ASSERT_NO_FATAL_FAILURE(start_with("hold 2 10m"));
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_applied(1);
    caller.reset();
    EXPECT_EQ(kept.ended(1).state, inspector::record_state::aborted);
    EXPECT_EQ(app.count(), 0U);
}

TEST_F(Faults, AStopWaitsForNothingThatIsHeld) {
    ASSERT_NO_FATAL_FAILURE(start_with("hold 2 10m"));
    auto& other = add_client();
    ASSERT_TRUE(other.connected());
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_applied(1);
    other.stop();
    EXPECT_EQ(caller.read_message().status(), 200U);
    EXPECT_TRUE(other.ended());
}

TEST_F(Faults, RulesAreTurnedOffOneByOneOrAllAtOnce) {
    ASSERT_NO_FATAL_FAILURE(start_with("status 500"));
    EXPECT_EQ(get("/").status(), 500U);
    EXPECT_TRUE(faulty->remove(1));
    EXPECT_FALSE(faulty->remove(1));
    EXPECT_EQ(get("/").status(), 200U);
    EXPECT_TRUE(std::holds_alternative<faults::active_rule>(faulty->add("reset")));
    faulty->clear();
    EXPECT_EQ(get("/").status(), 200U);
    EXPECT_THAT(said(), ElementsAre("fault 1 is on: status 500", "fault 1 is off", "fault 2 is on: reset",
                                    "all faults are off"));
}

TEST_F(Faults, ARuleEndsByItself) {
    counter changed;
    faulty->on_change([&] { changed.add(); });
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_TRUE(std::holds_alternative<faults::active_rule>(faulty->add("status 500", 100ms)));
    EXPECT_TRUE(changed.reaches(2));
    EXPECT_EQ(get("/").status(), 200U);
    EXPECT_FALSE(faulty->open());
    EXPECT_THAT(said(), ElementsAre("fault 1 is on for 0.1 s: status 500", "the last fault has ended"));
}

TEST_F(Faults, FiltersSeeWhatAWebhookIsRecognisedBy) {
    ASSERT_NO_FATAL_FAILURE(start_with("status 500 if header.x-kind:bad ip=127.0.0.1 method:POST reqbody:hook"));
    EXPECT_EQ(ask("POST / HTTP/1.1\r\nHost: a\r\nX-Kind: bad\r\nContent-Length: 4\r\n\r\nhook").status(), 500U);
    EXPECT_EQ(ask("POST / HTTP/1.1\r\nHost: a\r\nX-Kind: good\r\nContent-Length: 4\r\n\r\nhook").status(), 200U);
}

}  // namespace

}  // namespace tunnel::test
