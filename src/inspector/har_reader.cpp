#include "inspector/har_reader.hpp"

#include <algorithm>

namespace tunnel::inspector {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

}  // namespace

std::optional<std::string_view> har_reader::next() noexcept {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '"') {
            string();
            continue;
        }
        const auto here = at_++;
        if (c == '{' || c == '[') open(c);
        if (c == ',' && is_in_list()) return entry_before(here);
        if (c != '}' && c != ']') continue;
        const bool ends_list = is_in_list();
        --depth_;
        if (!ends_list) continue;
        listed_ = false;
        // An empty list has none.
        if (const auto last = entry_before(here)) return last;
    }
    return std::nullopt;
}

void har_reader::string() noexcept {
    const auto begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
    const auto end = std::min(at_, text_.size());
    at_ = std::min(end + 1, text_.size());
    const auto after = text_.find_first_not_of(blanks, at_);
    if (after != std::string_view::npos && text_[after] == ':') key(text_.substr(begin, end - begin));
}

void har_reader::key(std::string_view name) noexcept {
    if (depth_ == in_file) {
        place_ = name == "log" ? place::log : place::elsewhere;
        has_log_ = has_log_ || place_ == place::log;
    } else if (depth_ == in_log && place_ != place::elsewhere) {
        place_ = name == "entries" ? place::entries : place::log;
    }
}

void har_reader::open(char bracket) noexcept {
    ++depth_;
    if (bracket != '[' || depth_ != in_list || place_ != place::entries) return;
    listed_ = true;
    has_list_ = true;
    entry_ = at_;
}

std::optional<std::string_view> har_reader::entry_before(std::size_t end) noexcept {
    const auto entry = trimmed(text_.substr(entry_, end - entry_));
    entry_ = end + 1;
    if (entry.empty()) return std::nullopt;
    return entry;
}

}  // namespace tunnel::inspector
