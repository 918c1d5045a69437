#include <algorithm>
#include <dtl/dtl.hpp>
#include <nlohmann/json.hpp>

#include "inspector/body_view.hpp"
#include "inspector/diff.hpp"
#include "inspector/json_text.hpp"

namespace tunnel::inspector {

namespace {

using nlohmann::json;
using lines = std::vector<std::string>;

/// Unchanged lines shown before and behind a change.
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

/// Within a run of changes, removed lines stand before added ones, as diff(1) shows them.
void removed_before_added(std::vector<line_change>& all, std::size_t from) {
    const auto end = all.end();
    for (auto at = all.begin() + static_cast<std::ptrdiff_t>(from); at != end;) {
        const auto is_same = [](const line_change& l) { return l.type == change_type::same; };
        const auto run = std::find_if_not(at, end, is_same);
        const auto run_end = std::find_if(run, end, is_same);
        std::stable_partition(run, run_end, [](const line_change& l) { return l.type == change_type::removed; });
        at = run_end;
    }
}

void add_middle(const lines& before, const lines& after, std::size_t first, std::vector<line_change>& all) {
    const auto add = [&](change_type type, std::size_t b, std::size_t a, const std::string& text) {
        all.push_back({type, b == 0 ? 0 : first + b, a == 0 ? 0 : first + a, text});
    };
    if (before.size() > limits::diff_lines || after.size() > limits::diff_lines) {
        for (std::size_t i = 0; i < before.size(); ++i) add(change_type::removed, i + 1, 0, before[i]);
        for (std::size_t i = 0; i < after.size(); ++i) add(change_type::added, 0, i + 1, after[i]);
        return;
    }
    dtl::Diff<std::string, lines> diff(before, after);
    diff.compose();
    const auto first_added = all.size();
    for (const auto& [text, info] : diff.getSes().getSequence()) {
        const auto b = static_cast<std::size_t>(info.beforeIdx);
        const auto a = static_cast<std::size_t>(info.afterIdx);
        if (info.type == dtl::SES_COMMON) add(change_type::same, b, a, text);
        if (info.type == dtl::SES_DELETE) add(change_type::removed, b, 0, text);
        if (info.type == dtl::SES_ADD) add(change_type::added, 0, a, text);
    }
    removed_before_added(all, first_added);
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
    if (before.length == after.length && before.sha256 == after.sha256) return diff;
    const auto [differs, other] = std::ranges::mismatch(before.bytes, after.bytes);
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
