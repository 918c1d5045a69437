#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "inspection/webhook_files.hpp"
#include "inspector/history.hpp"

namespace tunnel::inspection {

/// The settings of the inspector.
struct options {
    bool on = true;
    std::optional<address> addr;  ///< none: 127.0.0.1, the first free port of 4040 to 4049
    std::string token;            ///< empty: a random one
    std::size_t body_bytes = inspector::limits::body_bytes;
    std::string history;  ///< a file, "memory" or "off"; empty: the default file
    std::size_t history_bytes = inspector::limits::history_bytes;
    std::size_t history_count = inspector::limits::history_count;
    std::chrono::seconds history_age = inspector::limits::history_age;
    webhook_files webhooks;
    std::vector<std::string> faults;  ///< rules, each valid
    std::string stub;                 ///< the file with what responds in place of an app; empty: none
    bool announced = true;            ///< commands find it; no flag
};

/// Adds them to the program's; `target` outlives the parsing.
void add_settings(app::command_line& line, options& target);

[[nodiscard]] inspector::history_settings history_settings_of(const options& o);

/// "7d", "12h", "30m", "90s"; at least a second. For ages of records, which are longer than other times.
[[nodiscard]] std::optional<std::chrono::seconds> parse_age(std::string_view text);

}  // namespace tunnel::inspection
