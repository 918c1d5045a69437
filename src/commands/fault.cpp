#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "commands/commands.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"

/// The command that turns faults on and off.
namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

struct fault_flags {
    CLI::App* add = nullptr;
    CLI::App* list = nullptr;
    CLI::App* clear = nullptr;
    std::vector<std::string> rule;
    std::string lasts;
    std::string id;
};

std::string line_of(const json& fault) {
    auto line = std::to_string(fault.value("id", 0)) + "  " + fault.value("rule", "") + "  (" +
                std::to_string(fault.value("applied", 0)) + " of " + std::to_string(fault.value("matched", 0)) +
                " matching requests";
    if (fault.contains("ends_at") && fault["ends_at"].is_string())
        line += ", ends at " + local_time(fault["ends_at"].get<std::string>());
    return printable(line + ")") + "\n";
}

void show(const json& fault, bool as_json) { print(as_json ? fault.dump() + "\n" : line_of(fault)); }

int run_fault(const api_client& api, const fault_flags& what, bool as_json) {
    if (what.add->parsed()) {
        std::string rule;
        for (const auto& word : what.rule) {
            if (!rule.empty()) rule += ' ';
            rule += word.starts_with(no_flag) ? word.substr(1) : word;
        }
        json body{{"rule", rule}};
        if (!what.lasts.empty()) body["for"] = what.lasts;
        show(api.call("POST", "/api/v1/faults", body.dump()), as_json);
    } else if (what.clear->parsed()) {
        static_cast<void>(
            api.call("DELETE", "/api/v1/faults" + (what.id.empty() ? "" : "/" + percent_encoded(what.id)), {}));
    } else {
        const auto all = api.get("/api/v1/faults");
        for (const auto& fault : all.value("items", json::array())) show(fault, as_json);
    }
    return 0;
}

}  // namespace

command add_fault(CLI::App& to) {
    auto made =
        make_command(to, "fault", "Makes faults on purpose: add, list, clear",
                     "A rule is ACTION [N% | nth N | first N] [if FILTER]. Actions: delay TIME (or slack, zoom, "
                     "shopify, github), status CODE [retry-after N], reset, drop, truncate [BYTES], duplicate, "
                     "hold N [TIME]. Faults end with the client.\n"
                     "Exit codes: 0, 1 failed, 2 usage or not a rule, 3 no client.");
    const auto what = std::make_shared<fault_flags>();
    made.app->require_subcommand(1);
    what->add = made.app->add_subcommand("add", "turns one on");
    what->add->add_option("rule", what->rule, "such as: drop 30% if path:/hook")->required();
    what->add->add_option("--for", what->lasts, "off again after this time")->type_name("TIME");
    what->list = made.app->add_subcommand("list", "those that are on");
    what->clear = made.app->add_subcommand("clear", "turns all off, or one");
    what->clear->add_option("id", what->id, "of the one");
    for (auto* each : {what->add, what->list, what->clear}) each->fallthrough();
    made.run = [what, flags = made.flags](const inspector_target& at) {
        if (at.offline()) throw command_error(exit_no_client, "no client runs here; faults are made by one that runs");
        return run_fault(at.api(), *what, flags->json);
    };
    return made;
}

}  // namespace tunnel::commands
