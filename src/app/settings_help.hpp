#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>

/// The table of settings as text, made from the options of a CLI::App.
namespace tunnel::app {

/// What --help prints: flag, meaning, variable and default of each setting under the headings of their groups.
[[nodiscard]] std::string settings_help(const CLI::App& app);

/// What --print-settings prints: an object with `program`, `version`, `purpose`, and `settings`, a list of objects with
/// `flag`, `other_names`, `variable`, `key` (in a settings file), `value` (empty: a switch), `default`, `group`,
/// `help`.
[[nodiscard]] std::string settings_json(const CLI::App& app);

}  // namespace tunnel::app
