#include "stub/text_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "inspector/query_values.hpp"
#include "stub/limits.hpp"

namespace tunnel::stub {

namespace {

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";

enum class naming : std::uint8_t { none, name, path };

struct source_row {
    std::string_view word;
    value_source source;
    naming named;
};
constexpr std::array sources{
    source_row{"method", value_source::method, naming::none},
    source_row{"path", value_source::path, naming::none},
    source_row{"query", value_source::query, naming::name},
    source_row{"field", value_source::field, naming::name},
    source_row{"json", value_source::json, naming::path},
    source_row{"form", value_source::form, naming::name},
    source_row{"time", value_source::time, naming::none},
    source_row{"unix_time", value_source::unix_time, naming::none},
    source_row{"counter", value_source::counter, naming::none},
    source_row{"uuid", value_source::uuid, naming::none},
};

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::variant<placeholder, std::string> parse_placeholder(std::string_view text) {
    const auto word = text.substr(0, text.find('.'));
    const auto rest = text.substr(std::min(word.size() + 1, text.size()));
    const auto row = std::ranges::find(sources, word, &source_row::word);
    const auto wrong = [&](std::string_view what) { return fmt::format("{{{{{}}}}}: {}", text, what); };
    if (row == sources.end())
        return wrong(
            "a placeholder is method, path, query.NAME, field.NAME, json.PATH, form.NAME, time, unix_time, "
            "counter or uuid; write {{{{ for two braces");
    placeholder made;
    made.source = row->source;
    if (row->named == naming::none) {
        if (text != word) return wrong(fmt::format("nothing stands behind {}", word));
        return made;
    }
    if (rest.empty()) return wrong(fmt::format("a name stands behind {}, as in {{{{{}.id}}}}", word, word));
    if (row->named == naming::name) {
        made.name = rest;
        return made;
    }
    auto path = inspector::parse_json_path(rest);
    if (!path) return wrong("this is not a path such as json.data.items[0].id");
    made.path = std::move(*path);
    return made;
}

}  // namespace

text_template text_template::plain(std::string text) {
    text_template made;
    if (!text.empty()) made.parts_.emplace_back(std::move(text));
    return made;
}

std::variant<text_template, std::string> text_template::parse(std::string_view text) {
    text_template made;
    std::string literal;
    std::size_t placeholders = 0;
    const auto end_literal = [&] {
        if (!literal.empty()) made.parts_.emplace_back(std::exchange(literal, {}));
    };
    while (!text.empty()) {
        const auto at = text.find(opening);
        literal += text.substr(0, at);
        if (at == std::string_view::npos) break;
        text.remove_prefix(at + opening.size());
        if (text.starts_with(opening)) {
            literal += opening;
            text.remove_prefix(opening.size());
            continue;
        }
        const auto end = text.find(closing);
        if (end == std::string_view::npos)
            return fmt::format("{{{{{}: the placeholder is not closed by }}}}; write {{{{{{{{ for two braces",
                               text.substr(0, 32));
        if (++placeholders > limits::placeholders)
            return fmt::format("there are more than {} placeholders", limits::placeholders);
        auto read = parse_placeholder(without_blanks(text.substr(0, end)));
        if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
        end_literal();
        made.parts_.emplace_back(std::get<placeholder>(std::move(read)));
        text.remove_prefix(end + closing.size());
    }
    end_literal();
    return made;
}

const placeholder* text_template::single() const noexcept {
    return parts_.size() == 1 ? std::get_if<placeholder>(&parts_.front()) : nullptr;
}

}  // namespace tunnel::stub
