#include "app/command_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include "app/nearest_name.hpp"
#include "app/pasted_address.hpp"
#include "app/setting_variables.hpp"
#include "app/settings_file.hpp"
#include "app/settings_help.hpp"
#include "app/values.hpp"
#include "tunnel/version.hpp"

namespace tunnel::app {

namespace {

constexpr int exit_bad_settings = 2;
constexpr std::uint16_t usual_admin_port = 9090;
constexpr std::string_view config_variable = "TUNNEL_CONFIG";
constexpr std::string_view variable_prefix = "TUNNEL_";
constexpr std::string_view secret_prefix = "TUNNEL_SECRET_";

std::string variable_of(std::string_view flag) {
    std::string name(variable_prefix);
    for (const char c : flag.substr(2)) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return name;
}

/// Empty: not set. Called before any thread starts.
std::string environment_value(std::string_view variable) {
    const char* const value = std::getenv(std::string(variable).c_str());
    return value == nullptr ? "" : value;
}

}  // namespace

struct command_line::impl {
    struct entry {
        setting as;
        CLI::Option* option;
    };

    impl(std::string_view program, std::string_view purpose) : app(std::string(purpose), std::string(program)) {
        app.allow_extras();  // so that they can be named with the nearest flag
        app.set_help_flag("-h,--help");
        app.set_version_flag("--version", std::string(program_version));
        app.add_flag("--check-config")->configurable(false);
        app.add_option("--print-settings")->type_name("json")->configurable(false)->expected(0, 1);
        app.get_option("--help")->configurable(false);
        app.get_option("--version")->configurable(false);
    }

    void read(const entry& e, const std::string& value);
    [[nodiscard]] std::string source_of(const entry& e, const std::string& value) const;
    [[nodiscard]] bool on_command_line(const setting& s) const;
    [[nodiscard]] std::string empty_flag() const;
    [[nodiscard]] std::optional<int> run();
    [[nodiscard]] int check(const std::vector<std::string>& all) const;
    [[nodiscard]] std::string stray() const;
    void set_up_file();
    void note_unknown_variables();
    [[nodiscard]] int refuse(std::string_view text) const;

    CLI::App app;
    std::vector<std::unique_ptr<entry>> settings;
    std::string current_group;
    common_options* common = nullptr;
    std::function<std::string(std::string_view)> explain_argument;
    std::span<const char* const> arguments;
    std::shared_ptr<settings_file> file;
    std::string path;
    std::vector<std::string> mistakes;
};

command_line::command_line(std::string_view program, std::string_view purpose)
    : impl_(std::make_unique<impl>(program, purpose)) {}

command_line::~command_line() = default;

void command_line::note(std::string_view text) { impl_->app.footer(std::string(text)); }

void command_line::explain_arguments(std::function<std::string(std::string_view)> explain) {
    impl_->explain_argument = std::move(explain);
}

void command_line::group(std::string_view title) { impl_->current_group = title; }

void command_line::add(setting s) {
    auto& e = *impl_->settings.emplace_back(std::make_unique<impl::entry>());
    e.as = std::move(s);
    const auto names = e.as.other_names.empty() ? e.as.flag : e.as.other_names + "," + e.as.flag;
    // Mistakes are collected: an unknown flag is named first, and --help works whatever the environment holds.
    const CLI::callback_t use = [this, &e](const CLI::results_t& results) {
        for (const auto& value : results) impl_->read(e, value);
        return true;
    };
    e.option = impl_->app.add_option(names, use, e.as.help);
    if (e.as.value_name.empty()) e.option->expected(0);
    e.option->type_name(e.as.value_name)
        ->default_str(e.as.default_text)
        ->envname(variable_of(e.as.flag))
        ->group(impl_->current_group)
        ->multi_option_policy(e.as.repeats ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
}

void command_line::add(std::string_view flag, address& target, std::uint16_t lowest_port, std::string_view help) {
    const auto read = [&target, lowest_port](std::string_view text) {
        const auto value = parse_address(text, target.host);
        if (!value || value->port < lowest_port) return false;
        target = *value;
        return true;
    };
    const auto hint = [port = target.port](std::string_view text) { return hint_about_address(text, port); };
    add(setting{.flag = std::string(flag),
                .other_names = {},
                .value_name = "HOST:PORT",
                .default_text = to_string(target),
                .help = std::string(help),
                .expects = fmt::format("host:port, [ipv6]:port or a port from {} to 65535", lowest_port),
                .read = read,
                .hint = hint});
}

void command_line::add(std::string_view flag, std::chrono::milliseconds& target, std::string_view help) {
    const auto read = [&target](std::string_view text) {
        const auto value = parse_duration(text);
        if (value) target = *value;
        return value.has_value();
    };
    add(setting{.flag = std::string(flag),
                .other_names = {},
                .value_name = "TIME",
                .default_text = duration_text(target),
                .help = std::string(help),
                .expects = "a time from 1ms to 24h such as 30s, 500ms or 5m",
                .read = read,
                .hint = {}});
}

void command_line::add(std::string_view flag, bool& target, std::string_view help) {
    const auto read = [&target](std::string_view text) {
        const auto value = parse_bool(text);
        if (value) target = *value;
        return value.has_value();
    };
    add(setting{.flag = std::string(flag),
                .other_names = {},
                .value_name = {},
                .default_text = target ? "on" : "off",
                .help = std::string(help),
                .expects = "1, true, yes, on or 0, false, no, off",
                .read = read,
                .hint = {}});
}

void command_line::add_bytes(std::string_view flag, std::size_t& target, std::size_t lowest, std::size_t highest,
                             std::string_view help) {
    const auto read = [&target, lowest, highest](std::string_view text) {
        const auto value = parse_bytes(text);
        if (!value || *value < lowest || *value > highest) return false;
        target = *value;
        return true;
    };
    const auto hint = [](std::string_view text) -> std::string {
        const auto meant = parse_bytes(text) ? "" : binary_size_for(text);
        return meant.empty() ? "" : fmt::format("units are KiB and MiB, as in {}", meant);
    };
    add(setting{.flag = std::string(flag),
                .other_names = {},
                .value_name = "BYTES",
                .default_text = bytes_text(target),
                .help = std::string(help),
                .expects = fmt::format("a size from {} to {}", bytes_text(lowest), bytes_text(highest)),
                .read = read,
                .hint = hint});
}

command_line::setting command_line::number(std::string_view flag, std::string_view value_name, std::size_t initial,
                                           std::size_t lowest, std::size_t highest, std::string_view help,
                                           std::function<void(std::size_t)> store) {
    auto read = [store = std::move(store), lowest, highest](std::string_view text) {
        const auto value = parse_number(text);
        if (!value || *value < lowest || *value > highest) return false;
        store(*value);
        return true;
    };
    return {.flag = std::string(flag),
            .other_names = {},
            .value_name = std::string(value_name),
            .default_text = fmt::format("{}", initial),
            .help = std::string(help),
            .expects = fmt::format("a number from {} to {}", lowest, highest),
            .read = std::move(read),
            .hint = {}};
}

void command_line::add(common_options& target) {
    impl_->common = &target;
    const auto read_admin = [&target](std::string_view text) {
        const auto value = parse_address(text, "127.0.0.1");
        if (value || text == "off") target.admin_addr = value;
        return value || text == "off";
    };
    add(setting{.flag = "--admin-addr",
                .other_names = {},
                .value_name = "HOST:PORT",
                .default_text = "off",
                .help = "where /metrics, /healthz and /readyz are, such as 127.0.0.1:9090",
                .expects = "off, host:port, [ipv6]:port or a port from 0 to 65535",
                .read = read_admin,
                .hint = [](std::string_view text) { return hint_about_address(text, usual_admin_port); }});
    add_number("--threads", "N", target.threads, 1U, 64U, "threads that serve; one is the fastest on a small machine");
    const auto read_level = [&target](std::string_view text) {
        constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
        if (std::ranges::find(levels, text) == levels.end()) return false;
        target.log_level = text;
        return true;
    };
    add(setting{.flag = "--log-level",
                .other_names = {},
                .value_name = "LEVEL",
                .default_text = target.log_level,
                .help = "trace, debug, info (one line a request), warn, error or off",
                .expects = "one of trace, debug, info, warn, error, off",
                .read = read_level,
                .hint = {}});
    const auto read_format = [&target](std::string_view text) {
        if (text != "text" && text != "json") return false;
        target.format = text == "json" ? log_format::json : log_format::text;
        return true;
    };
    add(setting{.flag = "--log-format",
                .other_names = {},
                .value_name = "FORMAT",
                .default_text = target.format == log_format::json ? "json" : "text",
                .help = "text, or json: one object a line",
                .expects = "text or json",
                .read = read_format,
                .hint = {}});
}

std::optional<int> command_line::parse(int argc, const char* const* argv) {
    impl_->arguments = {argv + 1, argv + argc};
    return impl_->run();
}

std::optional<int> command_line::impl::run() {
    // CLI11 would take the next argument as the value of `--flag=`.
    if (const auto flag = empty_flag(); !flag.empty()) return refuse(flag);
    set_up_file();
    try {
        // CLI11 takes them from the back.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        std::fputs(settings_help(app).c_str(), stdout);
        return 0;
    } catch (const CLI::CallForVersion&) {
        std::fputs(fmt::format("{} {}\n", app.get_name(), program_version).c_str(), stdout);
        return 0;
    } catch (const CLI::FileError&) {
        return refuse(fmt::format("cannot read the settings file {}: it is not there, or may not be read", path));
    } catch (const CLI::ParseError& e) {
        const std::string_view what = e.what();
        const auto flag = what.substr(0, what.find(':'));
        const auto named = std::ranges::find_if(settings, [flag](const auto& s) { return s->as.flag == flag; });
        if (named == settings.end()) return refuse(what.substr(0, what.find('\n')));
        return refuse(fmt::format("{} needs a value: give {}", flag, (*named)->as.expects));
    }
    if (app.count("--print-settings") > 0) {
        std::fputs(settings_json(app).c_str(), stdout);
        return 0;
    }
    if (const auto unexpected = stray(); !unexpected.empty()) return refuse(unexpected);
    auto all = file->mistakes_in(path);
    all.insert(all.end(), mistakes.begin(), mistakes.end());
    note_unknown_variables();
    if (app.count("--check-config") > 0) return check(all);
    if (!all.empty()) return refuse(all.front());
    return std::nullopt;
}

/// --check-config: everything that is wrong, not only what is first.
int command_line::impl::check(const std::vector<std::string>& all) const {
    if (common != nullptr)
        for (const auto& warning : common->warnings) (void)refuse("warning: " + warning);
    for (const auto& mistake : all) (void)refuse(mistake);
    if (!all.empty()) return exit_bad_settings;
    std::fputs(fmt::format("{}: the settings are valid\n", app.get_name()).c_str(), stdout);
    return 0;
}

/// What is wrong with the value of a setting is said at the end, and of --help not at all.
void command_line::impl::read(const entry& e, const std::string& value) {
    if (e.as.read(value)) return;
    auto text = fmt::format("bad value {} for {}: give {}", in_quotes(value), source_of(e, value), e.as.expects);
    if (const auto hint = e.as.hint ? e.as.hint(value) : std::string(); !hint.empty()) text += "; " + hint;
    mistakes.push_back(std::move(text));
}

/// Where a value came from, as its owner would look for it.
std::string command_line::impl::source_of(const entry& e, const std::string& value) const {
    if (on_command_line(e.as)) return e.as.flag;
    const auto name = e.as.flag.substr(2);
    auto variable = e.option->get_envname();
    if (!value.empty() && environment_value(variable) == value) return variable;
    if (const auto line = file->line_of(name); line > 0) return fmt::format("{} on line {} of {}", name, line, path);
    return e.option->get_name(true);
}

bool command_line::impl::on_command_line(const setting& s) const {
    const auto short_flag = s.other_names.substr(0, s.other_names.find(','));
    return std::ranges::any_of(arguments, [&](std::string_view argument) {
        if (argument == s.flag || argument.starts_with(s.flag + "=")) return true;
        return short_flag.starts_with('-') && !argument.starts_with("--") && argument.starts_with(short_flag);
    });
}

/// What to say of a flag that ends with its equals sign; empty: there is none.
std::string command_line::impl::empty_flag() const {
    for (const auto& e : settings)
        if (std::ranges::find(arguments, e->as.flag + "=", [](const char* a) { return std::string(a); }) !=
            arguments.end())
            return fmt::format("{} needs a value: give {}", e->as.flag, e->as.expects);
    return {};
}

/// What to say of an argument that nothing takes; empty: there is none.
std::string command_line::impl::stray() const {
    const auto strays = app.remaining();
    if (strays.empty()) return {};
    const auto& first = strays.front();
    const auto help = fmt::format("see {} --help", app.get_name());
    if (!first.starts_with('-') || first == "--") {
        if (!mistakes.empty()) return {};  // "HOST 3000": HOST was read as the port
        const auto hint = explain_argument ? explain_argument(first) : std::string();
        return fmt::format("unexpected argument {}: {}", in_quotes(first), hint.empty() ? help : hint);
    }
    std::vector<std::string> flags{"--help", "--version", "--config", "--check-config"};
    for (const auto& e : settings) flags.push_back(e->as.flag);
    const auto near = nearest_name(first.substr(0, first.find('=')), flags);
    if (near.empty()) return fmt::format("unknown flag {}: {}", in_quotes(first), help);
    return fmt::format("unknown flag {}: did you mean {}? Otherwise {}", in_quotes(first), near, help);
}

void command_line::impl::set_up_file() {
    std::vector<std::string> names;
    for (const auto& e : settings) names.push_back(e->as.flag.substr(2));
    file = std::make_shared<settings_file>(
        names, [](const std::string& name) { return !environment_value(variable_of("--" + name)).empty(); });
    app.config_formatter(file);
    path = environment_value(config_variable);
    auto* const option = app.set_config("--config", path, "", !path.empty());
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->type_name("FILE");
    option->each([this](const std::string& given) { path = given; });
}

void command_line::impl::note_unknown_variables() {
    std::vector<std::string> known{std::string(config_variable)};
    for (const auto& e : settings) known.push_back(e->option->get_envname());
    for (char** at = environ; common != nullptr && *at != nullptr; ++at) {
        const std::string_view variable(*at, std::string_view(*at).find('='));
        if (variable.starts_with(secret_prefix)) continue;  // names the secret of a provider
        if (!variable.starts_with(variable_prefix) || std::ranges::find(known, variable) != known.end()) continue;
        // Of the other program: both may run in one environment.
        if (std::ranges::find(setting_variables, variable) != setting_variables.end()) continue;
        const auto near = nearest_name(variable, known);
        common->warnings.push_back(fmt::format("{} has no setting {}{}", app.get_name(), in_quotes(variable),
                                               near.empty() ? "" : ": did you mean " + near + "?"));
    }
}

int command_line::impl::refuse(std::string_view text) const {
    std::fputs(fmt::format("{}: {}\n", app.get_name(), text).c_str(), stderr);
    return exit_bad_settings;
}

}  // namespace tunnel::app
