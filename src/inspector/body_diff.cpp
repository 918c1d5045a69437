#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "inspector/body_view.hpp"
#include "inspector/diff.hpp"
#include "inspector/json_text.hpp"
#include "inspector/line_diff.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;
using lines = std::vector<std::string>;

/// Unchanged lines shown before and after a change.
constexpr std::size_t context_lines = 3;

lines lines_of(std::string_view text) {
    lines result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        result.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::string value_at(const json& root, const json::json_pointer& pointer) {
    return root.contains(pointer) ? value_text(root.at(pointer)) : std::string{};
}

std::vector<json_change> json_changes(const json& before, const json& after) {
    std::vector<json_change> changes;
    const auto patch = json::diff(before, after);
    for (const auto& operation : patch) {
        json_change change;
        change.pointer = operation.at("path").get<std::string>();
        const auto kind = operation.at("op").get<std::string>();
        change.type = kind == "add"      ? change_type::added
                      : kind == "remove" ? change_type::removed
                                         : change_type::changed;
        if (change.type != change_type::added) change.before = value_at(before, json::json_pointer(change.pointer));
        if (change.type != change_type::removed) change.after = value_text(operation.at("value"));
        changes.push_back(std::move(change));
    }
    return changes;
}

/// A number for each line, the same for equal ones: they are compared many times.
std::vector<std::size_t> numbered(const lines& of, std::unordered_map<std::string, std::size_t>& numbers) {
    std::vector<std::size_t> result;
    result.reserve(of.size());
    for (const auto& line : of) result.push_back(numbers.try_emplace(line, numbers.size()).first->second);
    return result;
}

void add_middle(const lines& before, const lines& after, std::size_t first, std::vector<line_change>& all) {
    std::unordered_map<std::string, std::size_t> numbers;
    std::vector<std::pair<std::size_t, std::size_t>> common;
    if (std::max(before.size(), after.size()) <= limits::diff_lines) {
        common = common_subsequence(numbered(before, numbers), numbered(after, numbers), limits::diff_changes)
                     .value_or(std::vector<std::pair<std::size_t, std::size_t>>{});
    }
    common.emplace_back(before.size(), after.size());
    std::size_t b = 0;
    std::size_t a = 0;
    for (const auto& [next_before, next_after] : common) {
        for (; b < next_before; ++b) all.push_back({change_type::removed, first + b + 1, 0, before[b]});
        for (; a < next_after; ++a) all.push_back({change_type::added, 0, first + a + 1, after[a]});
        if (b == before.size() && a == after.size()) break;
        all.push_back({change_type::same, first + b + 1, first + a + 1, before[b]});
        ++b;
        ++a;
    }
}

std::vector<line_change> with_context_only(std::vector<line_change> all) {
    std::vector<bool> wanted(all.size(), false);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].type == change_type::same) continue;
        const auto first = i - std::min(i, context_lines);
        const auto last = std::min(i + context_lines, all.size() - 1);
        for (auto near = first; near <= last; ++near) wanted[near] = true;
    }
    std::vector<line_change> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (wanted[i]) kept.push_back(std::move(all[i]));
    }
    return kept;
}

std::vector<line_change> line_changes(const lines& before, const lines& after) {
    const auto shorter = std::min(before.size(), after.size());
    std::size_t head = 0;
    while (head < shorter && before[head] == after[head]) ++head;
    std::size_t tail = 0;
    while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;

    std::vector<line_change> all;
    const auto same = [&](std::size_t b, std::size_t a) {
        all.push_back({change_type::same, b + 1, a + 1, before[b]});
    };
    for (std::size_t i = head - std::min(head, context_lines); i < head; ++i) same(i, i);
    const auto part = [&](const lines& of) {
        return lines(of.begin() + static_cast<std::ptrdiff_t>(head), of.end() - static_cast<std::ptrdiff_t>(tail));
    };
    add_middle(part(before), part(after), head, all);
    for (std::size_t i = 0; i < std::min(tail, context_lines); ++i)
        same(before.size() - tail + i, after.size() - tail + i);
    return with_context_only(std::move(all));
}

}  // namespace

body_diff compare_bodies(const body_copy& before, const field_lines& before_fields, const body_copy& after,
                         const field_lines& after_fields) {
    body_diff diff;
    diff.before_length = before.length;
    diff.after_length = after.length;
    diff.truncated = before.truncated() || after.truncated();
    const auto same = same_body(before, after);
    if (same.value_or(false)) return diff;
    const auto [differs, other] = std::ranges::mismatch(before.bytes, after.bytes);
    if (!same && (differs == before.bytes.end() || other == after.bytes.end())) {
        diff.compared_as = body_comparison::unknown;
        return diff;
    }
    diff.first_difference = static_cast<std::uint64_t>(differs - before.bytes.begin());
    const auto decoded_before = decode_body(before, before_fields).bytes;
    const auto decoded_after = decode_body(after, after_fields).bytes;
    const bool small = std::max(decoded_before.size(), decoded_after.size()) <= limits::diff_json_bytes;
    const auto json_before = small ? parse_exact(decoded_before) : std::nullopt;
    const auto json_after = json_before ? parse_exact(decoded_after) : std::nullopt;
    if (json_after) {
        diff.compared_as = body_comparison::json;
        diff.json = json_changes(*json_before, *json_after);
    } else if (is_text(decoded_before) && is_text(decoded_after)) {
        diff.compared_as = body_comparison::lines;
        diff.lines = line_changes(lines_of(decoded_before), lines_of(decoded_after));
    } else {
        diff.compared_as = body_comparison::bytes;
    }
    return diff;
}

}  // namespace tunnel::inspector
