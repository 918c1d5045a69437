#pragma once

#include <CLI/Config.hpp>
#include <functional>
#include <istream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::app {

/// Reads a settings file as CLI11 does: `name = value` lines of TOML or INI, `#` and `;` comments. Adds what CLI11 does
/// not do: every mistake is found, with its line, and a setting that the environment has is left out.
class settings_file : public CLI::ConfigTOML {
 public:
    /// `names`: all settings that a file may hold. `overridden`: whether the environment has a value for one.
    settings_file(std::vector<std::string> names, std::function<bool(const std::string&)> overridden);

    [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

    /// Where a setting stands in the file; 0: it does not.
    [[nodiscard]] unsigned line_of(const std::string& name) const;
    /// What is wrong in it, each with the file's path and the line.
    [[nodiscard]] std::vector<std::string> mistakes_in(const std::string& path) const;

 private:
    struct mistake {
        unsigned line;
        std::string text;
    };

    [[nodiscard]] std::string read_line(std::string_view text, unsigned line,
                                        std::vector<CLI::ConfigItem>& settings) const;

    std::vector<std::string> names_;
    std::function<bool(const std::string&)> overridden_;
    // What reading finds: CLI11 calls it through a const interface.
    mutable std::map<std::string, unsigned> lines_;
    mutable std::vector<mistake> mistakes_;
};

}  // namespace tunnel::app
