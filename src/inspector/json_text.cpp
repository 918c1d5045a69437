#include "inspector/json_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tunnel::inspector {

namespace {

using nlohmann::json;

/// Digits that every double keeps.
constexpr std::size_t exact_digits = 15;

/// Builds the value; nlohmann's own builder does not see how a number was written.
class exact_builder : public nlohmann::json_sax<json> {
 public:
    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t& text) override {
        const auto digits = std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; });
        if (static_cast<std::size_t>(digits) <= exact_digits) return add(value);
        return add(json::binary({text.begin(), text.end()}));
    }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& value) override { return add(json(std::move(value))); }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool key(string_t& name) override {
        key_ = std::move(name);
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

    json root;

 private:
    json* place(json value) {
        if (open_.empty()) {
            root = std::move(value);
            return &root;
        }
        auto& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        auto& member = parent[key_];
        member = std::move(value);
        return &member;
    }
    bool add(json value) {
        place(std::move(value));
        return true;
    }
    bool open(json value) {
        open_.push_back(place(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::vector<json*> open_;  // a value moves only while none of its members is open
    std::string key_;
};

std::string raw_number(const json& value) {
    const auto& bytes = value.get_binary();
    return {bytes.begin(), bytes.end()};
}

}  // namespace

json_extent extent_of(std::string_view text) noexcept {
    std::size_t depth = 0;
    json_extent found{.depth = 0, .values = 1};
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            found.depth = std::max(found.depth, ++depth);
            ++found.values;
        } else if (c == ',') {
            ++found.values;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return found;
}

std::optional<json> parse_exact(std::string_view text, std::size_t depth) {
    const auto extent = extent_of(text);
    if (extent.depth > depth || extent.values > limits::json_values) return std::nullopt;
    exact_builder builder;
    if (!json::sax_parse(text, &builder)) return std::nullopt;
    // In place: a json converts to an optional in more than one way.
    return std::optional<json>(std::in_place, std::move(builder.root));
}

std::string value_text(const json& value) {
    if (value.is_binary()) return raw_number(value);
    if (value.is_array()) {
        std::string text = "[";
        for (const auto& element : value) text += (text.size() > 1 ? "," : "") + value_text(element);
        return text + "]";
    }
    if (value.is_object()) {
        std::string text = "{";
        for (const auto& [name, member] : value.items()) {
            text += (text.size() > 1 ? "," : "") + json(name).dump() + ":" + value_text(member);
        }
        return text + "}";
    }
    return value.dump();
}

}  // namespace tunnel::inspector
