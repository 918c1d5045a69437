#include "app/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"
#include "tunnel/version.hpp"

namespace tunnel::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t help_column = 34;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string duration_text(std::chrono::milliseconds t) {
    if (t % 1s == 0ms) return fmt::format("{}s", t / 1s);
    return fmt::format("{}ms", t / 1ms);
}

std::string bytes_text(std::size_t n) {
    if (n == 0) return "0";
    if (n % limits::mib == 0) return fmt::format("{}MiB", n / limits::mib);
    if (n % limits::kib == 0) return fmt::format("{}KiB", n / limits::kib);
    return fmt::format("{}", n);
}

/// Safe on one line of a terminal.
std::string in_quotes(std::string_view value) {
    constexpr std::size_t longest = 80;
    std::string out = "\"";
    for (const char c : value.substr(0, longest)) {
        if (c >= ' ' && c <= '~')
            out += c;
        else
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
    if (value.size() > longest) out += "...";
    return out + '"';
}

std::string variable_of(std::string_view flag) {
    std::string name = "TUNNEL_";
    for (const char c : flag.substr(2)) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return name;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    const auto unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_number<double>(text.substr(0, unit_at));
    if (!number) return std::nullopt;

    struct unit {
        std::string_view name;
        std::chrono::milliseconds length;
    };
    constexpr std::array units{unit{"", 1s}, unit{"s", 1s}, unit{"ms", 1ms}, unit{"m", 1min}, unit{"h", 1h}};
    const auto found = std::ranges::find(units, text.substr(unit_at), &unit::name);
    if (found == units.end()) return std::nullopt;

    const auto milliseconds = *number * static_cast<double>(found->length.count());
    if (milliseconds < 1 || milliseconds > static_cast<double>(limits::longest_setting.count())) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

std::optional<std::size_t> parse_bytes(std::string_view text) {
    std::size_t unit = 1;
    if (text.ends_with("KiB")) unit = limits::kib;
    if (text.ends_with("MiB")) unit = limits::mib;
    if (unit != 1) text.remove_suffix(3);
    const auto number = parse_number<std::size_t>(text);
    if (!number || *number > SIZE_MAX / unit) return std::nullopt;
    return *number * unit;
}

std::optional<bool> parse_bool(std::string_view text) {
    const auto is = [text](std::string_view word) { return iequals(text, word); };
    if (is("1") || is("true") || is("yes") || is("on")) return true;
    if (is("0") || is("false") || is("no") || is("off")) return false;
    return std::nullopt;
}

command_line::command_line(std::string_view program, std::string_view purpose) : program_(program), purpose_(purpose) {}

void command_line::group(std::string_view title) { group_ = title; }

void command_line::add(setting s) {
    s.group = group_;
    settings_.push_back(std::move(s));
}

void command_line::add(std::string_view flag, address& target, std::uint16_t lowest_port, std::string_view help) {
    const auto read = [&target, lowest_port](std::string_view text) {
        const auto value = parse_address(text, target.host);
        if (!value || value->port < lowest_port) return false;
        target = *value;
        return true;
    };
    add(setting{.flag = std::string(flag),
                .value_name = "HOST:PORT",
                .default_text = to_string(target),
                .help = std::string(help),
                .expects = fmt::format("host:port, [ipv6]:port or a port from {} to 65535", lowest_port),
                .read = read,
                .group = {}});
}

void command_line::add(std::string_view flag, std::chrono::milliseconds& target, std::string_view help) {
    const auto read = [&target](std::string_view text) {
        const auto value = parse_duration(text);
        if (value) target = *value;
        return value.has_value();
    };
    add(setting{.flag = std::string(flag),
                .value_name = "TIME",
                .default_text = duration_text(target),
                .help = std::string(help),
                .expects = "a time from 1ms to 24h such as 30s, 500ms or 5m",
                .read = read,
                .group = {}});
}

void command_line::add(std::string_view flag, bool& target, std::string_view help) {
    const auto read = [&target](std::string_view text) {
        const auto value = parse_bool(text);
        if (value) target = *value;
        return value.has_value();
    };
    add(setting{.flag = std::string(flag),
                .value_name = {},
                .default_text = target ? "on" : "off",
                .help = std::string(help),
                .expects = "1, true, yes, on or 0, false, no, off",
                .read = read,
                .group = {}});
}

void command_line::add_bytes(std::string_view flag, std::size_t& target, std::size_t lowest, std::size_t highest,
                             std::string_view help) {
    const auto read = [&target, lowest, highest](std::string_view text) {
        const auto value = parse_bytes(text);
        if (!value || *value < lowest || *value > highest) return false;
        target = *value;
        return true;
    };
    add(setting{.flag = std::string(flag),
                .value_name = "BYTES",
                .default_text = bytes_text(target),
                .help = std::string(help),
                .expects = fmt::format("a size from {} to {}", bytes_text(lowest), bytes_text(highest)),
                .read = read,
                .group = {}});
}

void command_line::add_number(std::string_view flag, std::string_view value_name, std::uint64_t initial,
                              std::uint64_t lowest, std::uint64_t highest, std::string_view help,
                              std::function<void(std::uint64_t)> store) {
    auto read = [store = std::move(store), lowest, highest](std::string_view text) {
        const auto value = parse_number<std::uint64_t>(text);
        if (!value || *value < lowest || *value > highest) return false;
        store(*value);
        return true;
    };
    add(setting{.flag = std::string(flag),
                .value_name = std::string(value_name),
                .default_text = fmt::format("{}", initial),
                .help = std::string(help),
                .expects = fmt::format("a number from {} to {}", lowest, highest),
                .read = std::move(read),
                .group = {}});
}

void command_line::add(common_options& target) {
    add_number("--threads", "N", target.threads, 1U, 64U, "threads that serve; one is the fastest on a small machine");
    const auto read_level = [&target](std::string_view text) {
        constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info", "warn", "error", "off"};
        if (std::ranges::find(levels, text) == levels.end()) return false;
        target.log_level = text;
        return true;
    };
    add(setting{.flag = "--log-level",
                .value_name = "LEVEL",
                .default_text = target.log_level,
                .help = "trace, debug, info (one line a request), warn, error or off",
                .expects = "one of trace, debug, info, warn, error, off",
                .read = read_level,
                .group = {}});
    const auto read_format = [&target](std::string_view text) {
        if (text != "text" && text != "json") return false;
        target.format = text == "json" ? log_format::json : log_format::text;
        return true;
    };
    add(setting{.flag = "--log-format",
                .value_name = "FORMAT",
                .default_text = target.format == log_format::json ? "json" : "text",
                .help = "text, or json: one object a line",
                .expects = "text or json",
                .read = read_format,
                .group = {}});
}

std::optional<int> command_line::parse(int argc, const char* const* argv) {
    // CLI11 would take the next argument as the value of `--flag=`.
    const auto without_value = [](const char* const* first, const char* const* last, const setting& s) {
        return std::any_of(first, last, [&s](const char* argument) { return s.flag + "=" == argument; });
    };
    for (const auto& s : settings_)
        if (without_value(argv + 1, argv + argc, s))
            return refuse(fmt::format("{} needs a value: give {}", s.flag, s.expects));

    CLI::App app(purpose_, program_);
    app.allow_extras();
    app.set_help_flag("-h,--help");
    app.set_version_flag("--version", std::string(program_version));

    // CLI11 only splits the arguments; values are read here, one way for flags and environment.
    std::vector<CLI::Option*> parsed_options;
    for (const auto& s : settings_) {
        auto* option = s.value_name.empty() ? app.add_flag(s.flag) : app.add_option(s.flag);
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        parsed_options.push_back(option);
    }

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::fputs(help_text().c_str(), stdout);
        return 0;
    } catch (const CLI::CallForVersion&) {
        std::fputs(fmt::format("{} {}\n", program_, program_version).c_str(), stdout);
        return 0;
    } catch (const CLI::ParseError& e) {
        const std::string_view what = e.what();
        const auto named = std::ranges::find(settings_, what.substr(0, what.find(':')), &setting::flag);
        if (named == settings_.end()) return refuse(what.substr(0, what.find('\n')));
        return refuse(fmt::format("{} needs a value: give {}", named->flag, named->expects));
    }

    if (const auto strays = app.remaining(); !strays.empty())
        return refuse(fmt::format("unexpected argument {}: see {} --help", in_quotes(strays.front()), program_));

    for (std::size_t i = 0; i < settings_.size(); ++i) {
        const auto& s = settings_[i];
        if (parsed_options[i]->count() > 0) {
            if (!apply(s, parsed_options[i]->results().back(), s.flag)) return 2;
            continue;
        }
        const auto variable = variable_of(s.flag);
        const char* value = std::getenv(variable.c_str());  // before any thread starts
        if (value == nullptr || *value == '\0') continue;
        if (!apply(s, value, variable)) return 2;
    }
    return std::nullopt;
}

bool command_line::apply(const setting& s, std::string_view value, std::string_view source) const {
    if (s.read(value)) return true;
    (void)refuse(fmt::format("bad value {} for {}: give {}", in_quotes(value), source, s.expects));
    return false;
}

int command_line::refuse(std::string_view text) const {
    std::fputs(fmt::format("{}: {}\n", program_, text).c_str(), stderr);
    return 2;
}

std::string command_line::help_text() const {
    std::string out = fmt::format("{} {}: {}\n\n", program_, program_version, purpose_);
    out += fmt::format("usage: {} [settings]\n", program_);
    out += "A setting is a flag or an environment variable; the flag wins.\n";
    std::string_view group;
    for (const auto& s : settings_) {
        if (s.group != group) {
            group = s.group;
            out += fmt::format("\n{}\n", group);
        }
        const auto left = s.value_name.empty() ? s.flag : fmt::format("{} {}", s.flag, s.value_name);
        out += fmt::format("  {:<{}}{}\n", left, help_column - 2, s.help);
        out += fmt::format("{:<{}}{} (default: {})\n", "", help_column, variable_of(s.flag), s.default_text);
    }
    out += fmt::format("\n  {:<{}}this text\n", "-h, --help", help_column - 2);
    out += fmt::format("  {:<{}}program and version\n", "--version", help_column - 2);
    return out;
}

}  // namespace tunnel::app
