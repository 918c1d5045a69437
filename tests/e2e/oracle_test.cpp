// The same bytes go to the app directly and through the tunnel. What the app saw, and what the caller got, may differ
// in nothing but Via, X-Forwarded-*, hop-by-hop fields and Date.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "e2e/oracle_exchanges.hpp"
#include "e2e/tunnel_fixture.hpp"
#include "inspection/capture.hpp"
#include "inspector/history.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;

/// The fields that may differ, and the form of a field line: name, colon, one blank, value without blanks around it.
std::vector<std::string> comparable_lines(const http_message& message) {
    static constexpr std::array<std::string_view, 8> excepted{
        "Via", "Date", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade"};
    std::vector<std::string> kept;
    for (const auto& line : message.lines()) {
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        if (name.starts_with("X-Forwarded-")) continue;
        if (std::ranges::any_of(excepted, [&](auto other) { return iequals(name, other); })) continue;
        const auto from = line.find_first_not_of(" \t", colon + 1);
        const auto to = line.find_last_not_of(" \t");
        kept.push_back(name + ": " + (from == std::string::npos ? "" : line.substr(from, to + 1 - from)));
    }
    return kept;
}

struct transcript {
    std::string seen;  ///< by the app
    std::string got;   ///< by the caller
};

void note(std::string& into, const http_message& message, const std::string& start_line) {
    into += start_line + "\n";
    for (const auto& line : comparable_lines(message)) into += line + "\n";
    into += "\n" + message.body + "\n" + message.trailers;
}

inspector::history_settings in_memory() {
    inspector::history_settings settings;
    settings.mode = inspector::history_mode::memory;
    return settings;
}

class Oracle : public TunnelTest {
 protected:
    transcript run(const oracle_exchange& e, std::uint16_t port) {
        auto caller = http_socket::connect(port);
        caller.send(e.request);
        transcript result;
        http_message got;
        do {
            got = caller.read_message(e.request.starts_with("HEAD "));
            // The version is each hop's own.
            note(result.got, got, got.start_line().substr(9));
        } while (got.status() < 200);
        const auto seen = app.last_seen();
        const auto line = seen.start_line();
        note(result.seen, seen, line.substr(0, line.rfind(' ')));
        return result;
    }

    void compare_all() {
        const oracle_exchange* now = nullptr;
        app.on_any([&](call_type& c) {
            c.keep_open = c.keep_open && !now->app_closes;
            if (now->answer.empty()) {
                sample_app_server::echo(c);
            } else {
                c.read_body();
                c.reply(now->answer);
            }
        });
        ASSERT_NO_FATAL_FAILURE(start());
        for (const auto& e : oracle_exchanges()) {
            SCOPED_TRACE(e.name);
            now = &e;
            const auto direct = run(e, app.port());
            const auto tunnelled = run(e, http_port());
            EXPECT_EQ(tunnelled.seen, direct.seen);
            EXPECT_EQ(tunnelled.got, direct.got);
            EXPECT_FALSE(direct.got.empty());
        }
    }
};

TEST_F(Oracle, AnExchangeThroughTheTunnelIsTheOneWithoutIt) { compare_all(); }

TEST_F(Oracle, AnInspectedExchangeIsTheOneWithoutTheTunnel) {
    auto& history = outlive<inspector::history>(in_memory());
    auto& capture = outlive<inspection::capture>(history, inspection::capture_settings{});
    tap = &capture;
    compare_all();
    history.flush();
    EXPECT_GT(history.status().records, 0U);
}

TEST_F(Oracle, AnInspectorThatCanKeepNothingChangesNothing) {
    auto settings = in_memory();
    // A queue of one would lose no record where the writer keeps up with the requests.
    settings.queued_changes = 0;
    auto& history = outlive<inspector::history>(settings);
    inspection::capture_settings nothing;
    nothing.open_bytes = 0;
    auto& capture = outlive<inspection::capture>(history, nothing);
    tap = &capture;
    compare_all();
    EXPECT_GT(history.status().dropped, 0U);
    EXPECT_GT(capture.bodies_dropped(), 0U);
}

TEST_F(Oracle, AHistoryWithoutAPlaceChangesNothing) {
    inspector::history_settings settings;
    settings.path = "/dev/null/history.db";
    auto& history = outlive<inspector::history>(settings);
    auto& capture = outlive<inspection::capture>(history, inspection::capture_settings{});
    tap = &capture;
    compare_all();
}

}  // namespace

}  // namespace tunnel::test
