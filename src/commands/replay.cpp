#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "app/values.hpp"
#include "commands/commands.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"
#include "inspector/diff.hpp"

namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

/// Which records.
struct selection {
    std::vector<std::string> ids;
    std::string filter;
    bool last = false;
    bool failed = false;
};

struct replay_flags {
    selection which;
    bool watch = false;
    std::string to;
    unsigned times = 1;
    unsigned concurrency = 1;
    std::string timeout;
    bool exact = false;
    bool allow_truncated = false;
    bool resign = false;
    std::string method;
    std::string target;
    std::vector<std::string> set;
    std::vector<std::string> unset;
    std::string body;
    std::vector<std::string> set_json;
    std::vector<std::string> remove_json;
};

constexpr std::string_view failed_filter = "-is:replay is:error";

std::pair<std::string, std::string> split(const std::string& text, char at, const char* flag) {
    const auto place = text.find(at);
    if (place == std::string::npos || place == 0)
        throw command_error(exit_usage, std::string(flag) + ": \"" + text + "\" has no '" + at + "' in it");
    auto from = text.find_first_not_of(' ', place + 1);
    return {text.substr(0, place), from == std::string::npos ? std::string() : text.substr(from)};
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? std::uint32_t{static_cast<unsigned char>(bytes[at])} : 0U;
        };
        const auto group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        for (unsigned digit = 0; digit < 4; ++digit)
            text += i + digit > bytes.size() ? '=' : digits[group >> (18U - 6U * digit) & 63U];
    }
    return text;
}

std::string body_bytes(const std::string& text) {
    if (!text.starts_with('@')) return text;
    std::ifstream file(text.substr(1), std::ios::binary);
    if (!file) throw command_error(exit_usage, "--body: \"" + text.substr(1) + "\" cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

json edits_of(const replay_flags& what) {
    json edits = json::object();
    if (!what.method.empty()) edits["method"] = what.method;
    if (!what.target.empty()) edits["target"] = what.target;
    for (const auto& field : what.set) {
        auto [name, value] = split(field, ':', "--set");
        edits["set"].push_back({name, value});
    }
    for (const auto& name : what.unset) edits["unset"].push_back(name);
    if (!what.body.empty()) edits["body_base64"] = base64(body_bytes(what.body));
    for (const auto& edit : what.set_json) {
        auto [pointer, value] = split(edit, '=', "--set-json");
        edits["json"].push_back({{"pointer", pointer}, {"value", value}});
    }
    for (const auto& pointer : what.remove_json) edits["json"].push_back({{"pointer", pointer}});
    return edits;
}

std::uint64_t milliseconds_of(const std::string& text) {
    const auto time = app::parse_duration(text);
    if (!time) throw command_error(exit_usage, "--timeout: \"" + text + "\" is not a time such as 500ms, 30s or 2m");
    return static_cast<std::uint64_t>(time->count());
}

json call_of(const replay_flags& what) {
    json call = json::object();
    if (!what.to.empty()) call["to"] = what.to;
    if (what.times != 1) call["times"] = what.times;
    if (what.concurrency != 1) call["concurrency"] = what.concurrency;
    if (!what.timeout.empty()) call["timeout_ms"] = milliseconds_of(what.timeout);
    if (what.exact) call["exact"] = true;
    if (what.allow_truncated) call["allow_truncated"] = true;
    if (what.resign) call["resign"] = true;
    if (auto edits = edits_of(what); !edits.empty()) call["edits"] = std::move(edits);
    return call;
}

std::string result_line(const json& r) {
    const auto text = [&](const char* name) {
        const auto found = r.find(name);
        return found == r.end() || !found->is_string() ? std::string("-") : found->get<std::string>();
    };
    std::string line = text("parent") + " -> " + text("id") + "  ";
    if (r.contains("error") && r["error"].is_object())
        return line + printable(r["error"].value("message", "it failed")) + "\n";
    line += r.contains("status") && r["status"].is_number() ? r["status"].dump() : "-";
    if (r.contains("duration_us") && r["duration_us"].is_number_unsigned())
        line += "  " + time_text(r["duration_us"].get<std::uint64_t>());
    line += r.value("same_status", false) ? "  same status" : "  other status";
    // Null: of a body so long that it is not hashed.
    if (r.contains("same_body") && r["same_body"].is_null()) return line + ", same length of the body\n";
    return line + (r.value("same_body", false) ? ", same body" : ", other body") + "\n";
}

bool print_results(const json& items, bool as_json) {
    auto all_responded = true;
    for (const auto& item : items) {
        print(as_json ? item.dump() + "\n" : result_line(item));
        all_responded = all_responded && item.value("error", json()).is_null();
        if (item.value("resign_proposed", false) && item.value("status", json()).is_number())
            std::fprintf(stderr, "the signature is too old by now; --resign signs it again\n");
    }
    return all_responded;
}

/// Prints each replay that a watch makes, and how its response differs.
int watch(const api_client& api, const std::string& id, const json& call, bool as_json) {
    api.events("/api/v1/events", [&](std::string_view name, const json& data) {
        if (name == "hello") {
            (void)api.call("POST", "/api/v1/exchanges/" + id + "/watch", call.dump());
            if (!as_json) print("waiting until the app is back after a restart\n");
            return std::fflush(stdout) == 0;
        }
        if (name != "watch" || data.value("id", "") != id) return true;
        const auto& result = data["result"];
        print_results(json::array({result}), as_json);
        if (!as_json && result.contains("id") && result["id"].is_string()) {
            const auto child = whole_record(api, result["id"].get<std::string>());
            print(printable(to_text(compare(whole_record(api, id), child)), true));
        }
        return std::fflush(stdout) == 0;
    });
    return exit_failed;  // the client ended
}

/// Without a client, where to is what the record says of its app.
void name_app(const inspector_target& at, const std::string& id, json& call) {
    if (!at.offline() || call.contains("to")) return;
    const auto record = whole_record(at.api(), id);
    if (record.app.empty() || record.app == "echo")
        throw command_error(exit_usage,
                            "no client runs, and the record does not say where its app was; give --to PORT");
    call["to"] = record.app;
}

int replay(const inspector_target& at, const replay_flags& what, bool as_json) {
    const auto& api = at.api();
    auto call = call_of(what);
    const auto filter = filter_of({what.which.filter});
    auto ids = what.which.ids;
    if (what.which.last) ids.push_back(newest_id(api, "-is:replay"));
    if (what.which.failed || !filter.empty()) {
        if (!ids.empty()) throw command_error(exit_usage, "give ids, --last, --failed or --filter, one of them");
        call["q"] =
            what.which.failed ? std::string(failed_filter) + (filter.empty() ? "" : " (" + filter + ")") : filter;
        if (at.offline() && !call.contains("to")) name_app(at, newest_id(api, call["q"].get<std::string>()), call);
        return print_results(api.call("POST", "/api/v1/replay", call.dump())["items"], as_json) ? 0 : exit_failed;
    }
    if (ids.empty())
        throw command_error(exit_usage, "name the requests by their ids, or give --last, --failed or --filter");
    if (what.watch) {
        if (ids.size() != 1) throw command_error(exit_usage, "--watch takes one request");
        name_app(at, ids.front(), call);
        return watch(api, ids.front(), call, as_json);
    }
    auto all_responded = true;
    for (const auto& id : ids) {
        auto mine = call;
        name_app(at, id, mine);
        const auto result = api.call("POST", "/api/v1/exchanges/" + percent_encoded(id) + "/replay", mine.dump());
        all_responded = print_results(result["items"], as_json) && all_responded;
    }
    return all_responded ? 0 : exit_failed;
}

void add_edits(CLI::App& app, replay_flags& what) {
    app.add_option("--method", what.method, "another method")->group("Edits");
    app.add_option("--target", what.target, "another path and query")->group("Edits");
    app.add_option("--set", what.set, "a field instead of all of that name")
        ->type_name("'NAME: VALUE'")
        ->group("Edits");
    app.add_option("--unset", what.unset, "without the fields of that name")->type_name("NAME")->group("Edits");
    app.add_option("--body", what.body, "another body, or @FILE")->type_name("TEXT")->group("Edits");
    app.add_option("--set-json", what.set_json, "one value of a JSON body")->type_name("/POINTER=JSON")->group("Edits");
    app.add_option("--remove-json", what.remove_json, "without that value")->type_name("/POINTER")->group("Edits");
}

}  // namespace

command add_replay(CLI::App& to) {
    auto made =
        make_command(to, "replay", "Sends requests to the local app again",
                     "The app gets the same method, target, fields and body bytes, straight from here, with "
                     "Tunnel-Replay-Of added unless --exact is given. The responses are kept as replays.\n"
                     "Exit codes: 0 every request got a response, 1 one did not or was refused, 2 usage, 3 no client "
                     "and no history.");
    const auto what = std::make_shared<replay_flags>();
    auto& app = *made.app;
    app.add_option("ids", what->which.ids, "of the requests, sent in this order");
    app.add_flag("--last", what->which.last, "the newest request that is not a replay");
    app.add_flag("--failed", what->which.failed,
                 "every request that failed (is:error: a status of 400 or more, or on the way), in order of arrival");
    app.add_option("--filter", what->which.filter, "every request that matches, in order of arrival");
    app.add_flag("--watch", what->watch, "send it each time the app is back after a restart, and show what differs");
    app.add_option("--to", what->to, "another app on this machine: a port, or HOST:PORT")->type_name("PORT");
    app.add_option("--times", what->times, "send each so often")->capture_default_str();
    app.add_option("--concurrency", what->concurrency, "so many at a time")->capture_default_str();
    app.add_option("--timeout", what->timeout, "for each response (30s)")->type_name("DURATION");
    app.add_flag("--exact", what->exact, "without the field Tunnel-Replay-Of");
    app.add_flag("--allow-truncated", what->allow_truncated, "also where not all of the body was kept");
    app.add_flag("--resign", what->resign, "sign it anew, with a fresh time");
    add_edits(app, *what);
    made.run = [what, flags = made.flags](const inspector_target& at) { return replay(at, *what, flags->json); };
    return made;
}

}  // namespace tunnel::commands
