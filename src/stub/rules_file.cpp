#include "stub/rules_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "stub/limits.hpp"
#include "stub/rule_reader.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::stub {

namespace {

using nlohmann::ordered_json;

/// Throws where the text nests too deeply, without building such a value. Other mistakes are left to the parser.
void check_depth(std::string_view text) {
    int deepest = 0;
    const ordered_json::parser_callback_t look = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
        deepest = std::max(deepest, depth);
        return depth <= limits::file_depth;
    };
    [[maybe_unused]] const auto value = ordered_json::parse(text, look, false, true);
    if (deepest > limits::file_depth)
        throw stub_error(fmt::format("it nests more than {} deep; \"json\" of a rule may nest {} deep",
                                     limits::file_depth, limits::json_depth));
}

ordered_json parsed(std::string_view text) {
    if (text.size() > limits::rules_file)
        throw stub_error(fmt::format("the rules are longer than {} bytes", limits::rules_file));
    check_depth(text);
    try {
        return ordered_json::parse(text, nullptr, true, true);
    } catch (const ordered_json::parse_error& error) {
        // "[json.exception.parse_error.101] parse error at line 3, column 7: syntax error ...; last read: '...'"
        std::string_view what = error.what();
        constexpr std::string_view before = " at ";
        const auto at = what.find(before);
        if (at != std::string_view::npos) what.remove_prefix(at + before.size());
        throw stub_error(fmt::format("{}; the file is JSON", what.substr(0, what.find("; last read"))));
    }
}

}  // namespace

std::vector<rule> parse_rules(std::string_view json, const rule_sources& from) {
    const auto file = parsed(json);
    const auto rows = file.is_object() ? file.find("rules") : file.end();
    if (!file.is_object() || file.size() != 1 || rows == file.end() || !rows->is_array())
        throw stub_error(R"(the file is an object with an array of rules: {"rules": [{"status": 200}]})");
    if (rows->size() > limits::rules)
        throw stub_error(fmt::format("there are {} rules, and there may be {}", rows->size(), limits::rules));
    std::vector<rule> all;
    std::size_t body_bytes = 0;
    for (const auto& row : *rows) all.push_back(rule_reader(row, all.size() + 1, from, body_bytes).read());
    return all;
}

}  // namespace tunnel::stub
