#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "app/values.hpp"
#include "commands/commands.hpp"
#include "commands/expect_report.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"

/// The command that waits for requests and judges them, for CI.
namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

/// What the API takes; a longer wait is a job that hangs.
constexpr milliseconds longest_wait = std::chrono::minutes(10);
constexpr std::size_t most_filters = 16;

struct expect_flags {
    std::vector<std::string> filter;
    std::vector<std::string> then;
    unsigned count = 1;
    std::string timeout = "30s";
    std::string max_dur;
    std::string since;
    std::string after;
    std::string junit;
    bool none = false;
    bool mark = false;
};

milliseconds time_of(const char* flag, const std::string& text) {
    const auto time = app::parse_duration(text);
    if (!time)
        throw command_error(exit_usage,
                            std::string(flag) + ": \"" + text + "\" is not a time such as 500ms, 30s or 2m");
    return *time;
}

milliseconds timeout_of(const std::string& text) {
    // What is there already can be judged at once.
    const auto time = text == "0" ? milliseconds(0) : time_of("--timeout", text);
    if (time > longest_wait) throw command_error(exit_usage, "--timeout: a wait takes 10m at most");
    return time;
}

/// The filter with a bound on the time that the response took.
std::string with_bound(const std::string& filter, const std::string& max_dur) {
    if (max_dur.empty()) return filter;
    const auto bound = "dur<=" + app::duration_text(time_of("--max-dur", max_dur));
    return filter.empty() ? bound : "(" + filter + ") " + bound;
}

expectation expectation_of(const expect_flags& what) {
    expectation e;
    e.filters.push_back(with_bound(filter_of(what.filter), what.max_dur));
    for (const auto& filter : what.then) {
        // The API takes these one a line; to a filter every blank is the same.
        auto text = filter_of({filter});
        std::ranges::replace(text, '\n', ' ');
        e.filters.push_back(with_bound(text, what.max_dur));
    }
    if (e.filters.size() > most_filters)
        throw command_error(exit_usage, "--then: an order has " + std::to_string(most_filters) + " filters at most");
    e.count = what.count;
    e.none = what.none;
    e.timeout = what.timeout;
    return e;
}

std::string call_of(const expect_flags& what, const expectation& e) {
    auto target = "/api/v1/wait?timeout_ms=" + std::to_string(timeout_of(what.timeout).count()) +
                  "&q=" + percent_encoded(e.filters.front());
    std::string then;
    for (std::size_t i = 1; i < e.filters.size(); ++i) then += (i == 1 ? "" : "\n") + e.filters[i];
    if (!then.empty()) target += "&then=" + percent_encoded(then);
    if (what.none) target += "&none=true";
    if (what.count != 1) target += "&count=" + std::to_string(what.count);
    if (!what.since.empty()) return target + "&since_ms=" + std::to_string(time_of("--since", what.since).count());
    return target + "&after=" + (what.after.empty() ? "start" : percent_encoded(what.after));
}

/// Exit code 1 is the verdict's alone: whatever keeps the client from judging is "no client".
json ask(const api_client& api, const std::string& target) {
    try {
        return api.get(target);
    } catch (const command_error& error) {
        if (error.code == exit_usage) throw;
        throw command_error(exit_no_client, error.what());
    }
}

int expect(const api_client& api, const expect_flags& what, bool as_json) {
    if (what.mark) {
        const auto now = ask(api, "/api/v1/now");
        return print(as_json ? now.dump() + "\n" : now.value("id", "") + "\n") ? 0 : exit_no_client;
    }
    const auto e = expectation_of(what);
    const auto target = call_of(what, e);
    std::ofstream junit;
    if (!what.junit.empty()) {
        // Before the wait, which a wrong name is not to cost.
        junit.open(what.junit, std::ios::binary);
        if (!junit) throw command_error(exit_usage, "--junit: \"" + what.junit + "\" cannot be written");
    }
    const auto begun = clock::now();
    const auto result = ask(api, target);
    const auto took = std::chrono::duration_cast<milliseconds>(clock::now() - begun);
    print(as_json ? result.dump() + "\n" : report_text(e, result, took));
    if (junit.is_open() && !(junit << junit_text(e, result, took)).flush())
        throw command_error(exit_usage, "--junit: \"" + what.junit + "\" could not be written");
    return result.value("met", false) ? 0 : exit_failed;
}

constexpr const char* footer =
    "Requests count that came since the client started, those that are there already too: trigger first, then expect.\n"
    "To count only what a step of a job brings about, take a mark before it:\n"
    "    mark=$(tunnel-client expect --mark)\n"
    "    curl ...\n"
    "    tunnel-client expect path:/hooks status:2xx --after \"$mark\"\n"
    "A request counts once its response has ended; with --none, one that is open when the time ends counts too.\n"
    "With --then, requests have to arrive in the order of the filters; others may come in between:\n"
    "    tunnel-client expect event:invoice.created --then event:invoice.paid\n"
    "Exit codes: 0 met; 1 not met, with the nearest requests and what kept them from matching; 2 the filter or a flag\n"
    "is wrong; 3 no client, or none that can tell.";

}  // namespace

command add_expect(CLI::App& to) {
    auto made = make_command(to, "expect", "Waits until requests match, for tests in CI", footer);
    made.needs_client = true;
    const auto what = std::make_shared<expect_flags>();
    auto& app = *made.app;
    app.remove_option(app.get_option("--history"));
    auto* filter =
        app.add_option("filter", what->filter, "what a request has to match; without one, every request counts")
            ->type_name("FILTER");
    auto* count = app.add_option("--count", what->count, "so many requests, or more")
                      ->capture_default_str()
                      ->check(CLI::Range(1, 1000));
    auto* timeout = app.add_option("--timeout", what->timeout, "to wait at most, 10m at the longest; 0 does not wait")
                        ->capture_default_str()
                        ->type_name("TIME");
    auto* none = app.add_flag("--none", what->none, "none may match until the time is up")->excludes(count);
    auto* then = app.add_option("--then", what->then, "what a later request has to match; may be given 15 times")
                     ->type_name("FILTER")
                     ->allow_extra_args(false)
                     ->excludes(count)
                     ->excludes(none);
    auto* dur =
        app.add_option("--max-dur", what->max_dur, "only requests whose response took no longer")->type_name("TIME");
    auto* since = app.add_option("--since", what->since, "only requests of the last time")->type_name("TIME");
    auto* after =
        app.add_option("--after", what->after, "only requests after that mark, or after the request of that id")
            ->type_name("ID")
            ->excludes(since);
    auto* junit = app.add_option("--junit", what->junit, "write the result there as JUnit XML too")->type_name("FILE");
    auto* mark = app.add_flag("--mark", what->mark, "print an id of now, for --after, and wait for nothing");
    for (auto* other : {filter, count, timeout, none, then, dur, since, after, junit}) mark->excludes(other);
    made.run = [what, flags = made.flags](const inspector_target& at) { return expect(at.api(), *what, flags->json); };
    return made;
}

}  // namespace tunnel::commands
