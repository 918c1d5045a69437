#include <CLI/CLI.hpp>  // IsMember has moved between the headers of CLI11
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "commands/commands.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"

/// The commands that take records out of the history or into it: export, import, clear.
namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

struct export_flags {
    std::string format;
    std::vector<std::string> filter;
    std::string id;
    std::string output;
    bool include_secrets = false;
};

int export_records(const api_client& api, const export_flags& what) {
    std::string target = "/api/v1/export?format=" + what.format + "&q=" + percent_encoded(filter_of(what.filter));
    if (!what.id.empty()) target = "/api/v1/exchanges/" + percent_encoded(what.id) + "/export?format=" + what.format;
    if (what.include_secrets) target += "&include_secrets=true";
    if (what.output.empty()) {
        api.download(target, stdout);
        return 0;
    }
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(what.output.c_str(), "wbe"), &std::fclose);
    if (!file) throw command_error(exit_usage, "\"" + what.output + "\" cannot be written");
    api.download(target, file.get());
    return 0;
}

int import_records(const api_client& api, const std::string& path, bool as_json) {
    std::string text;
    if (path == "-") {
        std::array<char, 65536> chunk{};
        while (const auto size = std::fread(chunk.data(), 1, chunk.size(), stdin)) text.append(chunk.data(), size);
    } else {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw command_error(exit_usage, "\"" + path + "\" cannot be read");
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    // A HAR is one object with a log; of NDJSON each line is a record.
    const auto whole = json::parse(text, nullptr, false);
    const auto har = whole.is_object() && whole.contains("log");
    const auto result = api.call("POST", "/api/v1/import", text, har ? "application/json" : "application/x-ndjson");
    const auto skipped = result.value("skipped", json::array());
    if (as_json) {
        print(result.dump() + "\n");
    } else {
        print(std::to_string(result.value("imported", 0)) + " imported\n");
        for (const auto& one : skipped)
            print("entry " + one.value("index", json()).dump() + ": " + printable(one.value("reason", "")) + "\n");
    }
    return skipped.empty() ? 0 : exit_failed;
}

struct clear_flags {
    std::vector<std::string> filter;
    bool marked = false;
};

int clear(const api_client& api, const clear_flags& what, bool as_json) {
    auto target = "/api/v1/exchanges?q=" + percent_encoded(filter_of(what.filter));
    if (what.marked) target += "&marked=true";
    auto result = api.call("DELETE", target, {});
    // A filter that takes long to decide is answered for some records at a time.
    while (result.contains("next") && result.at("next").is_string()) {
        const auto removed = result.value("removed", 0);
        result = api.call("DELETE", target + "&before=" + result.value("next", ""), {});
        result["removed"] = result.value("removed", 0) + removed;
    }
    print(as_json ? result.dump() + "\n" : std::to_string(result.value("removed", 0)) + " removed\n");
    return 0;
}

}  // namespace

command add_export(CLI::App& to) {
    auto made = make_command(to, "export", "Writes requests as commands, source text or an archive",
                             "Values of Authorization, Cookie and other secrets read REDACTED unless --include-secrets "
                             "is given.\nExit codes: 0, 1 something failed, 2 usage, 3 no client and no history.");
    const auto what = std::make_shared<export_flags>();
    made.app->add_option("format", what->format, "curl, httpie, fetch, http, raw, har or ndjson")
        ->required()
        ->check(CLI::IsMember({"curl", "httpie", "fetch", "http", "raw", "har", "ndjson"}));
    made.app->add_option("filter", what->filter, "only requests that match")->type_name("FILTER");
    made.app->add_option("--id", what->id, "this request alone");
    made.app->add_option("--output,-o", what->output, "a file instead of standard output")->type_name("FILE");
    made.app->add_flag("--include-secrets", what->include_secrets, "hide nothing");
    made.run = [what](const inspector_target& at) { return export_records(at.api(), *what); };
    return made;
}

command add_import(CLI::App& to) {
    auto made = make_command(to, "import", "Adds requests from a HAR or NDJSON file to the history",
                             "Exit codes: 0 all were added, 1 some were not, 2 usage, 3 no client and no history.");
    const auto path = std::make_shared<std::string>();
    made.app->add_option("file", *path, "the file, or - for standard input")->required();
    made.run = [path, flags = made.flags](const inspector_target& at) {
        return import_records(at.api(), *path, flags->json);
    };
    return made;
}

command add_clear(CLI::App& to) {
    auto made = make_command(to, "clear", "Removes requests from the history",
                             "Exit codes: 0, 1 something failed, 2 usage, 3 no client and no history.");
    const auto what = std::make_shared<clear_flags>();
    made.app->add_option("filter", what->filter, "only requests that match")->type_name("FILTER");
    made.app->add_flag("--marked", what->marked, "marked ones too");
    made.run = [what, flags = made.flags](const inspector_target& at) { return clear(at.api(), *what, flags->json); };
    return made;
}

}  // namespace tunnel::commands
