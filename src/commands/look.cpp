#include <CLI/CLI.hpp>  // IsMember has moved between the headers of CLI11
#include <algorithm>
#include <ranges>
#include <set>
#include <string>
#include <utility>

#include "commands/commands.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"
#include "inspector/diff.hpp"

/// The commands that only look: requests, show, diff.
namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

constexpr unsigned page_size = 500;

struct requests_flags {
    std::vector<std::string> filter;
    unsigned limit = 50;
    bool follow = false;
};

bool print_summary(const json& summary, bool as_json) {
    return print(as_json ? summary.dump() + "\n" : summary_line(summary));
}

int follow(const api_client& api, const std::string& filter, bool as_json) {
    std::set<std::string> shown;
    api.events("/api/v1/events?q=" + percent_encoded(filter), [&](std::string_view name, const json& data) {
        if (name != "exchange" || data.value("state", "") == "pending") return true;
        // A record changes again when it is marked or replayed.
        if (!shown.insert(data.value("id", "")).second) return true;
        if (shown.size() > page_size) shown.erase(shown.begin());
        return print_summary(data, as_json) && std::fflush(stdout) == 0;
    });
    return 0;
}

int list(const api_client& api, const requests_flags& what, bool as_json) {
    std::vector<json> items;
    std::string before;
    while (items.size() < what.limit) {
        const auto most = std::min<std::size_t>(page_size, what.limit - items.size());
        auto target =
            "/api/v1/exchanges?limit=" + std::to_string(most) + "&q=" + percent_encoded(filter_of(what.filter));
        if (!before.empty()) target += "&before=" + percent_encoded(before);
        const auto page = api.get(target);
        for (const auto& item : page.value("items", json::array())) items.push_back(item);
        if (!page.contains("next") || !page["next"].is_string()) break;
        before = page["next"].get<std::string>();
    }
    // The newest is read last, above the prompt.
    for (const auto& item : std::ranges::reverse_view(items)) {
        if (!print_summary(item, as_json)) break;
    }
    return 0;
}

struct show_flags {
    std::string id;
    std::string body;
    bool last = false;
    bool include_secrets = false;
};

int show(const api_client& api, const show_flags& what, bool as_json) {
    if (what.id.empty() && !what.last) throw command_error(exit_usage, "name a request by its id, or give --last");
    const auto id = what.id.empty() ? newest_id(api, {}) : what.id;
    if (!what.body.empty()) {
        api.download("/api/v1/exchanges/" + percent_encoded(id) + "/" + what.body + "/body", stdout);
    } else if (as_json) {
        print(api.get("/api/v1/exchanges/" + percent_encoded(id)).dump() + "\n");
    } else {
        const auto about = about_text(api.get("/api/v1/exchanges/" + percent_encoded(id)));
        print(record_text(whole_record(api, id), what.include_secrets, about));
    }
    return 0;
}

struct diff_flags {
    std::string a;
    std::string b;
};

int diff(const api_client& api, const diff_flags& what, bool as_json) {
    auto target = "/api/v1/diff?a=" + percent_encoded(what.a);
    if (!what.b.empty()) target += "&b=" + percent_encoded(what.b);
    const auto result = api.get(target);
    if (as_json) {
        print(result.dump() + "\n");
    } else {
        const auto a = whole_record(api, result["a"].value("id", ""));
        const auto b = whole_record(api, result["b"].value("id", ""));
        print(printable(to_text(compare(a, b)), true));
    }
    return result.value("equal", false) ? 0 : exit_failed;
}

}  // namespace

command add_requests(CLI::App& to) {
    auto made =
        make_command(to, "requests", "Lists requests, the newest last",
                     "The filter is that of the inspector's pages: method:POST status:5xx path:/hook "
                     "body.data.id=42 -is:replay since:15m \"text\".\n"
                     "Exit codes: 0, 1 something failed, 2 the filter or a flag is wrong, 3 no client and no history.");
    const auto what = std::make_shared<requests_flags>();
    made.app->add_option("filter", what->filter, "only requests that match")->type_name("FILTER");
    made.app->add_option("--limit", what->limit, "as many at most")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    made.app->add_flag("--follow,-f", what->follow, "print requests as they end, until interrupted");
    made.run = [what, flags = made.flags](const inspector_target& at) {
        return what->follow ? follow(at.api(), filter_of(what->filter), flags->json)
                            : list(at.api(), *what, flags->json);
    };
    return made;
}

command add_show(CLI::App& to) {
    auto made = make_command(to, "show", "Shows one request and its response",
                             "Values of Authorization, Cookie and other secrets are hidden unless --include-secrets is "
                             "given. --body writes the bytes as they are.\n"
                             "Exit codes: 0 success, 1 no such request, 2 wrong usage, 3 no client and no history.");
    const auto what = std::make_shared<show_flags>();
    made.app->add_option("id", what->id, "of the request");
    made.app->add_flag("--last", what->last, "the newest request");
    made.app->add_option("--body", what->body, "only that body, as bytes")
        ->check(CLI::IsMember({"request", "response"}));
    made.app->add_flag("--include-secrets", what->include_secrets, "hide nothing");
    made.run = [what, flags = made.flags](const inspector_target& at) { return show(at.api(), *what, flags->json); };
    return made;
}

command add_diff(CLI::App& to) {
    auto made = make_command(
        to, "diff", "Compares two requests and their responses",
        "Without the second id, a request is compared with its newest replay.\n"
        "Exit codes: 0 they are equal, 1 they differ or something failed, 2 usage, 3 no client and no history.");
    const auto what = std::make_shared<diff_flags>();
    made.app->add_option("a", what->a, "id of a request")->required();
    made.app->add_option("b", what->b, "id of another");
    made.run = [what, flags = made.flags](const inspector_target& at) { return diff(at.api(), *what, flags->json); };
    return made;
}

}  // namespace tunnel::commands
