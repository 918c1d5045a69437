#include "webhook/request_values.hpp"

#include <algorithm>
#include <set>

#include "tunnel/base/text.hpp"
#include "webhook/json_text.hpp"
#include "webhook/limits.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

constexpr std::string_view in_body = "body:";
constexpr std::string_view in_item = "item:";

bool starts_with_name(std::string_view value, std::string_view name) noexcept {
    return value.size() >= name.size() && iequals(value.substr(0, name.size()), name);
}

}  // namespace

const std::string* find_field(std::span<const field_line> fields, std::string_view name) noexcept {
    const auto found = std::ranges::find_if(fields, [&](const auto& line) { return iequals(line.first, name); });
    return found == fields.end() ? nullptr : &found->second;
}

form_values parse_form(std::string_view body) {
    form_values values;
    if (body.size() > limits::parsed_body) return values;
    for_each_part(body, "&", [&](std::string_view part) {
        if (part.empty() || values.size() == limits::form_values) return;
        const auto equals = std::min(part.find('='), part.size());
        values.emplace_back(decode_form_value(part.substr(0, equals)),
                            decode_form_value(part.substr(std::min(equals + 1, part.size()))));
    });
    return values;
}

std::string sorted_form(std::string_view body) {
    const auto values = parse_form(body);
    std::string text;
    for (const auto& [name, value] : std::set(values.begin(), values.end())) text.append(name).append(value);
    return text;
}

bool has_form(const delivery& d) noexcept {
    const auto* const type = find_field(d.fields, "Content-Type");
    return type != nullptr && starts_with_name(*type, "application/x-www-form-urlencoded");
}

std::string request_values::find(std::string_view places, const scheme* row, std::string_view signature) const {
    std::string found;
    for_each_part(places, "|", [&](std::string_view place) {
        if (!found.empty() || place.empty()) return;
        if (place.starts_with(in_body)) {
            found = find_in_body(place.substr(in_body.size()));
        } else if (place.starts_with(in_item)) {
            const auto prefix = place.substr(in_item.size());
            for_each_part(signature, row == nullptr ? std::string_view() : std::string_view(row->separator),
                          [&](std::string_view item) {
                              item = without_blanks(item);
                              if (found.empty() && item.starts_with(prefix)) found = item.substr(prefix.size());
                          });
        } else if (const auto* const value = find_field(delivery_.fields, place)) {
            found = *value;
        }
    });
    return found;
}

std::string request_values::find_shown(std::string_view places) const {
    auto value = find(places);
    if (value.size() > limits::shown_text) {
        auto end = limits::shown_text;
        while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;  // not inside a character
        value.resize(end);
    }
    std::ranges::replace_if(value, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return value;
}

bool request_values::has_all(const std::vector<std::string>& conditions) const {
    return std::ranges::all_of(conditions, [&](std::string_view condition) {
        const auto equals = std::min(condition.find('='), condition.size());
        const auto* const value = find_field(delivery_.fields, condition.substr(0, equals));
        return value != nullptr &&
               value->find(condition.substr(std::min(equals + 1, condition.size()))) != std::string::npos;
    });
}

std::string request_values::find_in_body(std::string_view pointer) const {
    const auto name = pointer.substr(pointer.rfind('/') + 1);
    if (state_ == body_state::unread) {
        // Most bodies have no such name, and need not be parsed.
        if (delivery_.body.find(name) == std::string_view::npos) return {};
        if (has_form(delivery_)) {
            state_ = body_state::form;
            form_ = parse_form(delivery_.body);
        } else if (auto parsed = parse_json(delivery_.body)) {
            state_ = body_state::json;
            json_ = std::move(*parsed);
        } else {
            state_ = body_state::neither;
        }
    }
    if (state_ == body_state::json) return text_at(json_, pointer);
    if (state_ != body_state::form || pointer.find('/', 1) != std::string_view::npos) return {};
    const auto found = std::ranges::find(form_, name, &form_values::value_type::first);
    return found == form_.end() ? std::string() : found->second;
}

}  // namespace tunnel::webhook
