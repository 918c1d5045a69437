#include "inspection/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "app/pasted_address.hpp"
#include "faults/limits.hpp"
#include "faults/rule.hpp"

namespace tunnel::inspection {

namespace {

constexpr std::uint16_t usual_port = 4040;
constexpr std::size_t largest_body = std::size_t{256} * 1024 * 1024;
constexpr std::size_t largest_history = std::size_t{64} * 1024 * 1024 * 1024;
constexpr std::size_t most_records = 10'000'000;
constexpr auto longest_age = std::chrono::hours(24 * 3650);

bool is_token(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~").find(c) != std::string_view::npos;
    };
    return text.size() >= 16 && text.size() <= 128 && std::ranges::all_of(text, fits);
}

app::command_line::setting named(std::string flag, std::string value_name, std::string initial, std::string help,
                                 std::string expects, std::function<bool(std::string_view)> read) {
    app::command_line::setting s;
    s.flag = std::move(flag);
    s.value_name = std::move(value_name);
    s.default_text = std::move(initial);
    s.help = std::move(help);
    s.expects = std::move(expects);
    s.read = std::move(read);
    return s;
}

void add_address(app::command_line& line, options& o) {
    const auto read = [&o](std::string_view text) {
        o.on = text != "off";
        if (!o.on) return true;
        auto value = parse_address(text, "127.0.0.1");
        if (value) o.addr = std::move(*value);
        return value.has_value();
    };
    auto setting = named("--inspect-addr", "HOST:PORT", "127.0.0.1:4040",
                         "where the inspector listens; unless set, the first free port up to 4049; off: nowhere",
                         "host:port, a port, or off", read);
    setting.hint = [](std::string_view text) { return app::hint_about_address(text, usual_port); };
    line.add(std::move(setting));
}

void add_token(app::command_line& line, options& o) {
    const auto read = [&o](std::string_view text) {
        if (!is_token(text)) return false;
        o.token = text;
        return true;
    };
    line.add(named("--inspect-token", "TOKEN", "random", "what the inspector's pages and API ask for",
                   "16 to 128 letters, digits, '-', '.', '_' or '~'", read));
}

void add_history(app::command_line& line, options& o) {
    const auto read_file = [&o](std::string_view text) {
        o.history = text;
        return !text.empty();
    };
    line.add(named("--history", "FILE", "~/.local/state/tunnel/history.db",
                   "where requests are kept: a file, memory or off", "a file name, memory or off", read_file));
    line.add_bytes("--history-bytes", o.history_bytes, inspector::limits::mib, largest_history,
                   "of the history at most; the oldest requests are removed");
    line.add_number<std::size_t>("--history-count", "N", o.history_count, 1, most_records,
                                 "requests in the history at most");
    const auto read_age = [&o](std::string_view text) {
        const auto age = parse_age(text);
        if (age) o.history_age = *age;
        return age.has_value();
    };
    line.add(named("--history-age", "TIME", "7d", "requests older than this are removed; marked ones stay",
                   "a time such as 7d, 12h or 30m", read_age));
}

void add_webhooks(app::command_line& line, options& o) {
    const auto into = [](std::string& file) {
        return [&file](std::string_view text) {
            file = text;
            return !text.empty();
        };
    };
    line.add(named("--secrets", "FILE", "none", "signing secrets of webhook providers, readable by you alone",
                   "a file name", into(o.webhooks.secrets)));
    line.add(named("--webhook-schemes", "FILE", "none", "how your own webhooks are signed (docs/webhooks.md)",
                   "a file name", into(o.webhooks.schemes)));
}

void add_faults(app::command_line& line, options& o) {
    const auto read = [&o](std::string_view text) {
        const auto is_rule = std::holds_alternative<faults::rule>(faults::parse_rule(text));
        if (is_rule) o.faults.emplace_back(text);
        return is_rule && o.faults.size() <= faults::limits::rules;
    };
    auto setting = named("--fault", "RULE", "none", "a fault on purpose, such as 'drop 30% if path:/hook' (repeatable)",
                         "a rule as docs/faults.md describes them, such as 'delay 5s nth 3'", read);
    setting.hint = [](std::string_view text) {
        const auto parsed = faults::parse_rule(text);
        const auto* wrong = std::get_if<faults::rule_error>(&parsed);
        return wrong == nullptr ? std::string("there are too many") : wrong->message;
    };
    setting.repeats = true;
    line.add(std::move(setting));
}

void add_stub(app::command_line& line, options& o) {
    const auto read = [&o](std::string_view text) {
        o.stub = text;
        return !text.empty();
    };
    line.add(named("--stub", "FILE", "none", "what responds while no app is there, or in its place (docs/stub.md)",
                   "a file name", read));
}

}  // namespace

std::optional<std::chrono::seconds> parse_age(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc() || number == 0) return std::nullopt;
    constexpr std::pair<std::string_view, std::uint64_t> units[]{
        {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"", 1}};
    for (const auto& [name, seconds] : units) {
        if (unit != name) continue;
        const auto most = static_cast<std::uint64_t>(std::chrono::seconds(longest_age).count());
        if (number > most / seconds) return std::nullopt;
        return std::chrono::seconds(number * seconds);
    }
    return std::nullopt;
}

void add_settings(app::command_line& line, options& target) {
    line.group("Inspector");
    add_address(line, target);
    add_token(line, target);
    line.add_bytes("--inspect-body-bytes", target.body_bytes, 0, largest_body,
                   "kept of each body; of a longer one its length too");
    add_history(line, target);
    add_webhooks(line, target);
    add_faults(line, target);
    add_stub(line, target);
}

inspector::history_settings history_settings_of(const options& o) {
    inspector::history_settings settings;
    settings.max_bytes = o.history_bytes;
    settings.max_count = o.history_count;
    settings.max_age = o.history_age;
    if (o.history == "off") {
        settings.mode = inspector::history_mode::off;
    } else if (o.history == "memory") {
        settings.mode = inspector::history_mode::memory;
        settings.max_bytes = std::min<std::uint64_t>(o.history_bytes, inspector::limits::memory_history_bytes);
    } else {
        settings.path = o.history.empty() ? inspector::default_history_path() : o.history;
        if (settings.path.empty()) settings.mode = inspector::history_mode::memory;
    }
    return settings;
}

}  // namespace tunnel::inspection
