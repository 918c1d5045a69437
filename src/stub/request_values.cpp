#include "stub/request_values.hpp"

#include <algorithm>
#include <utility>

#include "inspector/json_path.hpp"
#include "inspector/record_time.hpp"
#include "webhook/json_text.hpp"
#include "webhook/request_values.hpp"

namespace tunnel::stub {

namespace {

std::string value_in_form(std::string_view form, std::string_view name) {
    for (auto& [key, value] : webhook::parse_form(form)) {
        if (key == name) return std::move(value);
    }
    return {};
}

std::string as_text(const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_null()) return {};
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const nlohmann::json* request_values::member(const placeholder& what) const {
    if (!body_) body_ = webhook::parse_json(request_.request.body.bytes).value_or(nullptr);
    const nlohmann::json* found = nullptr;
    inspector::any_at(*body_, what.path, [&found](const nlohmann::json& value) {
        found = &value;
        return true;
    });
    return found;
}

std::string request_values::text_of(const placeholder& what) const {
    switch (what.source) {
        case value_source::method:
            return request_.request.method;
        case value_source::path:
            return std::string(inspector::path_of(request_));
        case value_source::query:
            return value_in_form(inspector::query_of(request_), what.name);
        case value_source::field: {
            const auto* value = inspector::find_field(request_.request.fields, what.name);
            return value == nullptr ? std::string() : *value;
        }
        case value_source::json: {
            const auto* value = member(what);
            return value == nullptr ? std::string() : as_text(*value);
        }
        case value_source::form:
            return value_in_form(request_.request.body.bytes, what.name);
        case value_source::time:
            return inspector::to_rfc3339(at_.now);
        case value_source::unix_time:
            return std::to_string(std::chrono::floor<std::chrono::seconds>(at_.now).time_since_epoch().count());
        case value_source::counter:
            return std::to_string(at_.counter);
        case value_source::uuid:
            return at_.uuid;
    }
    return {};
}

std::string request_values::fill(const text_template& text) const {
    std::string filled;
    for (const auto& part : text.parts()) {
        const auto* literal = std::get_if<std::string>(&part);
        filled += literal != nullptr ? *literal : text_of(std::get<placeholder>(part));
    }
    return filled;
}

nlohmann::ordered_json request_values::fill_string(const std::string& text) const {
    const auto parsed = text_template::parse(text);
    const auto& made = std::get<text_template>(parsed);
    const auto* only = made.single();
    if (only != nullptr && only->source == value_source::counter) return at_.counter;
    if (only != nullptr && only->source == value_source::json) {
        const auto* value = member(*only);
        return value == nullptr ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(*value);
    }
    return fill(made);
}

nlohmann::ordered_json request_values::fill(const nlohmann::ordered_json& value) const {
    if (value.is_string()) return fill_string(value.get_ref<const std::string&>());
    auto filled = value;
    if (value.is_structured()) {
        for (auto& element : filled) element = fill(std::as_const(element));
    }
    return filled;
}

}  // namespace tunnel::stub
