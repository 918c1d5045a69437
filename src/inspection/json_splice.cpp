#include "inspection/json_splice.hpp"

#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "inspector/json_text.hpp"

namespace tunnel::inspection {

namespace {

/// Where a value stands; `from` is where its member begins (the name, or the value itself in an array).
struct place {
    std::size_t from = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Walks a text that is known to be JSON and to nest no deeper than limits::json_depth.
class walker {
 public:
    explicit walker(std::string_view text) : text_(text) {}

    void blanks() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    void go(std::size_t to) noexcept { at_ = to; }
    [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

    std::string string() {
        const auto begin = at_++;
        for (; text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
        return nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
    }
    void skip_value() {
        blanks();
        if (peek() == '"') {
            string();
        } else if (peek() == '{' || peek() == '[') {
            skip_brackets();
        } else {
            while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos)
                ++at_;
        }
    }
    /// The members of the object or array that begins here, by name or index.
    [[nodiscard]] std::optional<place> member(std::string_view token, std::size_t& count, std::size_t& close) {
        const auto object = peek() == '{';
        std::optional<place> found;
        ++at_;
        for (count = 0;; ++count) {
            blanks();
            if (peek() == '}' || peek() == ']') break;
            place here{at_, at_, 0};
            std::string name = object ? string() : std::to_string(count);
            if (object) {
                blanks();
                ++at_;  // the colon
                blanks();
                here.begin = at_;
            }
            skip_value();
            here.end = at_;
            if (name == token) found = here;  // of repeated names the last counts, as for most readers
            blanks();
            if (peek() == ',') ++at_;
        }
        close = at_;
        return found;
    }

 private:
    void skip_brackets() {
        std::size_t depth = 0;
        do {
            const char c = text_[at_];
            if (c == '"') {
                string();
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            ++at_;
        } while (depth > 0);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<std::vector<std::string>> tokens_of(std::string_view pointer) {
    std::vector<std::string> tokens;
    if (pointer.empty()) return tokens;
    if (pointer.front() != '/') return std::nullopt;
    for (const char c : pointer) {
        if (c == '/') {
            tokens.emplace_back();
        } else {
            tokens.back() += c;
        }
    }
    for (auto& token : tokens) {
        for (std::size_t at = 0; (at = token.find('~', at)) != std::string::npos; ++at) {
            if (at + 1 == token.size() || (token[at + 1] != '0' && token[at + 1] != '1')) return std::nullopt;
            token.replace(at, 2, token[at + 1] == '0' ? "~" : "/");
        }
    }
    return tokens;
}

/// Takes the member and one comma beside it out.
void remove(std::string& text, const place& what) {
    auto end = what.end;
    while (std::string_view(" \t\r\n").find(text[end]) != std::string_view::npos) ++end;
    if (text[end] == ',') {
        ++end;
        while (std::string_view(" \t\r\n").find(text[end]) != std::string_view::npos) ++end;
        text.erase(what.from, end - what.from);
        return;
    }
    auto from = what.from;
    while (from > 0 && std::string_view(" \t\r\n").find(text[from - 1]) != std::string_view::npos) --from;
    if (from > 0 && text[from - 1] == ',') {
        text.erase(from - 1, what.end - from + 1);
    } else {
        text.erase(what.from, what.end - what.from);
    }
}

}  // namespace

std::string splice_json(std::string& text, std::string_view pointer, const std::optional<std::string>& value) {
    const auto too_deep = inspector::extent_of(text).depth > inspector::limits::json_depth;
    if (too_deep || !nlohmann::json::accept(text)) return "the body is not JSON, so no value of it can be changed";
    if (value && !nlohmann::json::accept(*value)) return "the new value of " + std::string(pointer) + " is not JSON";
    const auto tokens = tokens_of(pointer);
    if (!tokens) return "\"" + std::string(pointer) + "\" is not a JSON pointer, such as /data/amount";
    walker walk(text);
    walk.blanks();
    place found{walk.at(), walk.at(), 0};
    walk.skip_value();
    found.end = walk.at();
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        const auto& token = tokens->at(i);
        walk.go(found.begin);
        const auto object = walk.peek() == '{';
        if (!object && walk.peek() != '[') return "the body has nothing at " + std::string(pointer);
        std::size_t count = 0;
        std::size_t close = 0;
        const auto member = walk.member(token, count, close);
        if (member) {
            found = *member;
            continue;
        }
        const auto appends = object || token == "-" || token == std::to_string(count);
        if (i + 1 < tokens->size() || !value || !appends) return "the body has nothing at " + std::string(pointer);
        const auto name = object ? nlohmann::json(token).dump() + ":" : std::string();
        text.insert(close, (count > 0 ? "," : "") + name + *value);
        return {};
    }
    if (value) {
        text.replace(found.begin, found.end - found.begin, *value);
    } else if (tokens->empty()) {
        text.clear();
    } else {
        remove(text, found);
    }
    return {};
}

}  // namespace tunnel::inspection
