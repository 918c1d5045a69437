#include <nlohmann/json.hpp>

#include "inspector/body_view.hpp"
#include "inspector/json_text.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;

/// Only looks whether the text is JSON, and where it is not.
class checker : public nlohmann::json_sax<json> {
 public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception& failure) override {
        position = at;
        message = failure.what();
        return false;
    }

    std::size_t position = 0;
    std::string message;
};

/// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." without what is ours to say.
std::string without_prefix(const std::string& message) {
    constexpr std::string_view marker = ": syntax error while parsing ";
    const auto at = message.find(marker);
    if (at != std::string::npos) return "while parsing " + message.substr(at + marker.size());
    const auto bracket = message.find("] ");
    return bracket == std::string::npos ? message : message.substr(bracket + 2);
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Copies a string with its quotes and returns the offset after it.
std::size_t copy_string(std::string_view text, std::size_t at, std::string& out) {
    const auto start = at++;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2U : 1U;
    out += text.substr(start, at + 1 - start);
    return at + 1;
}

}  // namespace

json_view pretty_json(std::string_view text) {
    json_view view;
    checker check;
    if (extent_of(text).depth > limits::json_depth) {
        view.problem = "it nests too deep to be shown";
        return view;
    }
    if (!json::sax_parse(text, &check)) {
        view.problem = without_prefix(check.message);
        view.position = check.position > 0 ? check.position - 1 : 0;
        return view;
    }
    // The text is JSON: only blanks are changed.
    constexpr std::size_t indent = 2;
    std::size_t depth = 0;
    const auto new_line = [&] { view.text.append(1, '\n').append(depth * indent, ' '); };
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"') {
            at = copy_string(text, at, view.text);
            continue;
        }
        ++at;
        if (c == '{' || c == '[') {
            view.text += c;
            const auto next = text.find_first_not_of(" \t\r\n", at);
            if (text[next] == (c == '{' ? '}' : ']')) {
                view.text += text[next];
                at = next + 1;
            } else {
                ++depth;
                new_line();
            }
        } else if (c == '}' || c == ']') {
            --depth;
            new_line();
            view.text += c;
        } else if (c == ',') {
            view.text += c;
            new_line();
        } else if (c == ':') {
            view.text += ": ";
        } else if (!is_blank(c)) {
            view.text += c;
        }
    }
    return view;
}

}  // namespace tunnel::inspector
