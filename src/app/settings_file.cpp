#include "app/settings_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "app/nearest_name.hpp"
#include "app/values.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::app {

settings_file::settings_file(std::vector<std::string> names, std::function<bool(const std::string&)> overridden)
    : names_(std::move(names)), overridden_(std::move(overridden)) {
    arrayDelimiter('\0');  // values are single: a comma or a blank belongs to them
}

std::vector<CLI::ConfigItem> settings_file::from_config(std::istream& input) const {
    std::string text(limits::settings_file + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(input.gcount()));
    std::vector<CLI::ConfigItem> settings;
    if (text.size() > limits::settings_file) {
        mistakes_.push_back({1, fmt::format("it is longer than {}", bytes_text(limits::settings_file))});
        return settings;
    }
    std::istringstream lines{std::string(without_byte_order_mark(text))};
    unsigned number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        auto wrong = read_line(CLI::detail::trim(line), number, settings);
        if (!wrong.empty()) mistakes_.push_back({number, std::move(wrong)});
    }
    return settings;
}

/// What is wrong with the line; empty: nothing.
std::string settings_file::read_line(std::string_view text, unsigned line,
                                     std::vector<CLI::ConfigItem>& settings) const {
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    // Numbers would be read up to there. Not quoted: the line may hold a token.
    if (text.find('\0') != std::string_view::npos) return "it has a null character: save the file as UTF-8 text";
    if (text.front() == '[') return fmt::format("no sections are used: leave out {}", in_quotes(text));
    std::istringstream one{std::string(text)};
    auto found = CLI::ConfigTOML::from_config(one);
    if (found.size() != 1 || found.front().inputs.size() != 1)
        return fmt::format("{} is not a setting: write NAME = VALUE", in_quotes(text));
    const auto name = found.front().fullname();
    if (std::ranges::find(names_, name) == names_.end()) {
        const auto near = nearest_name(name, names_);
        return fmt::format("unknown setting {}{}", in_quotes(name), near.empty() ? "" : ": did you mean " + near + "?");
    }
    if (const auto first = line_of(name); first > 0) return fmt::format("{} stands on line {} already", name, first);
    lines_.emplace(name, line);
    if (!overridden_(name)) settings.push_back(std::move(found.front()));
    return {};
}

std::vector<std::string> settings_file::mistakes_in(const std::string& path) const {
    std::vector<std::string> all;
    for (const auto& [line, text] : mistakes_) all.push_back(fmt::format("{} line {}: {}", path, line, text));
    return all;
}

unsigned settings_file::line_of(const std::string& name) const {
    const auto at = lines_.find(name);
    return at == lines_.end() ? 0 : at->second;
}

}  // namespace tunnel::app
