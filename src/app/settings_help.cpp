#include "app/settings_help.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tunnel/version.hpp"

namespace tunnel::app {

namespace {

constexpr std::size_t help_column = 34;

/// Those that a settings file may hold too, in the order in which they were added.
std::vector<const CLI::Option*> settings_of(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->get_configurable(); });
}

std::string flags_of(const CLI::Option& option) {
    std::string all;
    for (const auto& name : option.get_snames()) all += "-" + name + ", ";
    return all + "--" + option.get_lnames().front();
}

std::string first_line(std::string_view left, std::string_view help) {
    return fmt::format("  {:<{}}{}\n", left, help_column - 2, help);
}

}  // namespace

std::string settings_help(const CLI::App& app) {
    const auto& program = app.get_name();
    std::string out = fmt::format("{} {}: {}\n\n", program, program_version, app.get_description());
    std::string positional;
    std::string body;
    std::string group;
    for (const auto* option : settings_of(app)) {
        if (option->get_group() != group) {
            group = option->get_group();
            body += fmt::format("\n{}\n", group);
        }
        if (option->get_positional()) positional = fmt::format(" [{}]", option->get_name(true));
        const auto value = option->get_type_name();
        const auto flags = flags_of(*option);
        body += first_line(value.empty() ? flags : fmt::format("{} {}", flags, value), option->get_description());
        body +=
            fmt::format("{:<{}}{} (default: {})\n", "", help_column, option->get_envname(), option->get_default_str());
    }
    out += fmt::format("usage: {} [settings]{}\n", program, positional);
    if (const auto note = app.get_footer(); !note.empty()) out += note + "\n";
    out += "A setting is a flag, an environment variable or a line of a settings file (some-name = value).\n";
    out += "A flag wins over the environment, the environment over the file.\n" + body + "\n";
    out += first_line("--config FILE", "settings file; also TUNNEL_CONFIG");
    out += first_line("--check-config", "check all settings and exit");
    out += first_line("-h, --help", "this text");
    out += first_line("--version", "program and version");
    return out;
}

std::string settings_json(const CLI::App& app) {
    nlohmann::ordered_json table;
    table["program"] = app.get_name();
    table["version"] = program_version;
    table["purpose"] = app.get_description();
    auto& settings = table["settings"] = nlohmann::ordered_json::array();
    for (const auto* option : settings_of(app)) {
        auto others = nlohmann::ordered_json::array();
        for (const auto& name : option->get_snames()) others.push_back("-" + name);
        if (option->get_positional()) others.push_back(option->get_name(true));
        settings.push_back({{"flag", "--" + option->get_lnames().front()},
                            {"other_names", others},
                            {"variable", option->get_envname()},
                            {"key", option->get_lnames().front()},
                            {"value", option->get_type_name()},
                            {"default", option->get_default_str()},
                            {"group", option->get_group()},
                            {"help", option->get_description()}});
    }
    return table.dump(2) + "\n";
}

}  // namespace tunnel::app
