#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/log_text.hpp"
#include "commands/commands.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"

/// The commands that show what a client is doing: status, stub.
namespace tunnel::commands {

namespace {

using json = nlohmann::ordered_json;

/// A member that may be missing or null.
std::string text_at(const json& from, const char* name) {
    const auto found = from.find(name);
    return found == from.end() || !found->is_string() ? std::string() : printable(found->get_ref<const std::string&>());
}

std::uint64_t number_at(const json& from, const char* name) {
    const auto found = from.find(name);
    return found == from.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

json object_at(const json& from, const char* name) {
    const auto found = from.find(name);
    return found == from.end() || !found->is_object() ? json::object() : *found;
}

std::string line_of(std::string_view name, const std::string& text) {
    return text.empty() ? std::string() : fmt::format("{:9} {}\n", name, text);
}

std::string tunnel_line(const json& status) {
    const auto tunnel = object_at(status, "tunnel");
    auto text = text_at(tunnel, "state");
    if (const auto since = text_at(tunnel, "since"); !since.empty()) text += " since " + local_time(since);
    if (const auto error = text_at(tunnel, "error"); !error.empty()) text += ": " + error;
    if (const auto by = text_at(tunnel, "replaced_by"); !by.empty()) text += " by " + by;
    return line_of("tunnel", text);
}

std::string app_line(const json& forwarding) {
    auto text = text_at(forwarding, "to") + " " + text_at(forwarding, "app");
    if (const auto held = number_at(forwarding, "held"); held > 0)
        text += fmt::format(", {} {} for it", counted(held, "request"), held == 1 ? "waits" : "wait");
    return line_of("app", text);
}

std::string stub_line(const json& status) {
    const auto stub = object_at(status, "stub");
    if (stub.empty()) return {};
    auto text = text_at(stub, "file") + ": " + counted(number_at(stub, "rules"), "rule");
    if (!text_at(stub, "problem").empty()) text += ", read before the file was changed to one that is not valid";
    return line_of("stub", text);
}

std::string status_text(const json& status) {
    const auto forwarding = object_at(status, "forwarding");
    auto text = tunnel_line(status) + line_of("url", text_at(forwarding, "public_url")) +
                line_of("server", text_at(object_at(status, "tunnel"), "server")) + app_line(forwarding);
    for (const auto& fault : status.value("faults", json::array()))
        if (fault.is_string()) text += line_of("fault", printable(fault.get_ref<const std::string&>()));
    text += stub_line(status);
    const auto history = object_at(status, "history");
    auto kept = counted(number_at(history, "count"), "request") + ", " + size_text(number_at(history, "bytes"));
    if (const auto file = text_at(history, "file"); !file.empty()) kept += ", " + file;
    return text + line_of("history", kept) + line_of("version", text_at(status, "version"));
}

std::string stub_text(const json& stub) {
    if (text_at(stub, "file").empty()) return "no rules: the client runs without --stub\n";
    std::string text;
    for (const auto& rule : stub.value("items", json::array())) {
        const auto filter = text_at(rule, "if");
        text += fmt::format("{:>2}  {}{}{}  ({})\n", number_at(rule, "rule"), text_at(rule, "responds"),
                            text_at(rule, "when") == "always" ? ", whether the app is there or not" : "",
                            filter.empty() ? "" : " if " + filter, counted(number_at(rule, "responses"), "response"));
    }
    text += text_at(stub, "file") + ", read " + local_time(text_at(stub, "read_at")) + "\n";
    if (const auto problem = text_at(stub, "problem"); !problem.empty())
        text += "as it is now, it is not used: " + problem + "\n";
    return text;
}

command add_view(CLI::App& to, const char* name, const char* purpose, const char* path,
                 std::string (*text_of)(const json&)) {
    auto made = make_command(to, name, purpose, "Exit codes: 0, 1 failed, 2 usage, 3 no client.");
    made.needs_client = true;
    made.run = [path, text_of, flags = made.flags](const inspector_target& at) {
        const auto found = at.api().get(path);
        print(flags->json ? found.dump() + "\n" : text_of(found));
        return 0;
    };
    return made;
}

}  // namespace

command add_status(CLI::App& to) {
    return add_view(to, "status", "Shows the tunnel, the app and the requests that wait for it", "/api/v1/status",
                    status_text);
}

command add_stub(CLI::App& to) {
    return add_view(to, "stub", "Lists the rules of --stub with the responses of each", "/api/v1/stub", stub_text);
}

}  // namespace tunnel::commands
