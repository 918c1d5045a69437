#include "webhook/body_edit.hpp"

#include <algorithm>

#include "webhook/json_text.hpp"
#include "webhook/limits.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Where the string or number behind `"name":` stands, the name at `at`; empty: it is another kind of value.
std::string_view value_behind(std::string_view json, std::size_t at) noexcept {
    auto rest = json.substr(at);
    const auto skip_blanks = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size())); };
    skip_blanks();
    if (!rest.starts_with(':')) return {};
    rest.remove_prefix(1);
    skip_blanks();
    if (!rest.starts_with('"')) return rest.substr(0, rest.find_first_not_of("0123456789"));
    // A string with escapes is longer than this finds it, and is then not changed rightly: the caller checks.
    return rest.substr(1, std::min(rest.find('"', 1), rest.size()) - 1);
}

std::string percent_encoded(std::string_view value) {
    std::string text;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain) {
            text += c;
        } else {
            text.append("%").append(encode(text_encoding::hex, {&c, 1}));
        }
    }
    return text;
}

}  // namespace

std::optional<std::string> with_json_value(std::string_view json, std::string_view pointer, std::string_view value) {
    const auto name = '"' + std::string(pointer.substr(pointer.rfind('/') + 1)) + '"';
    auto expected = parse_json(json);
    if (!expected || text_at(*expected, pointer).empty()) return std::nullopt;
    auto at = json.find(name);
    for (std::size_t tries = 0; at != std::string_view::npos && tries < limits::rewritten_places; ++tries) {
        const auto old = value_behind(json, at + name.size());
        if (!old.empty()) {
            std::string changed(json);
            changed.replace(static_cast<std::size_t>(old.data() - json.data()), old.size(), value);
            // Names repeat at other places of a body.
            const auto parsed = parse_json(changed);
            if (parsed && text_at(*parsed, pointer) == value) return changed;
        }
        at = json.find(name, at + 1);
    }
    return std::nullopt;
}

std::optional<std::string> with_form_value(std::string_view form, std::string_view name, std::string_view value) {
    for (std::size_t at = 0; at < form.size();) {
        const auto end = std::min(form.find('&', at), form.size());
        const auto part = form.substr(at, end - at);
        const auto equals = part.find('=');
        if (equals != std::string_view::npos && decode_form_value(part.substr(0, equals)) == name)
            return std::string(form.substr(0, at + equals + 1)) + percent_encoded(value) +
                   std::string(form.substr(end));
        at = end + 1;
    }
    return std::nullopt;
}

}  // namespace tunnel::webhook
