#include "inspector/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "inspector/text_search.hpp"

namespace tunnel::inspector {

namespace {

/// Differ between any two exchanges, whatever the app does.
constexpr std::array<std::string_view, 15> expected_names{"date",
                                                          "age",
                                                          "expires",
                                                          "last-modified",
                                                          "server-timing",
                                                          "x-request-id",
                                                          "x-runtime",
                                                          "x-correlation-id",
                                                          "traceparent",
                                                          "tracestate",
                                                          "x-response-time",
                                                          "cf-ray",
                                                          "x-amzn-trace-id",
                                                          "via",
                                                          "tunnel-replay-of"};

bool is_expected(std::string_view name) {
    return std::ranges::find(expected_names, ascii_lower(name)) != expected_names.end();
}

std::vector<std::string> values_of(const field_lines& fields, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [n, value] : fields) {
        if (same_name(n, name)) values.push_back(value);
    }
    return values;
}

void compare_field(std::string_view name, const std::vector<std::string>& before, const std::vector<std::string>& after,
                   std::vector<field_change>& changes) {
    const auto most = std::max(before.size(), after.size());
    for (std::size_t i = 0; i < most; ++i) {
        field_change change{change_type::changed, std::string{name}, {}, {}, is_expected(name)};
        if (i < before.size()) change.before = before[i];
        if (i < after.size()) change.after = after[i];
        if (i >= before.size()) change.type = change_type::added;
        if (i >= after.size()) change.type = change_type::removed;
        if (change.type != change_type::changed || change.before != change.after) changes.push_back(std::move(change));
    }
}

/// Each name once, in the order in which it first stands in either.
std::vector<std::string> names_of(const field_lines& before, const field_lines& after) {
    std::vector<std::string> names;
    for (const auto* fields : {&before, &after}) {
        for (const auto& [name, value] : *fields) {
            const bool known = std::ranges::any_of(names, [&](const auto& n) { return same_name(n, name); });
            if (!known) names.push_back(name);
        }
    }
    return names;
}

std::vector<field_change> compare_fields(const field_lines& before, const field_lines& after) {
    std::vector<field_change> changes;
    for (const auto& name : names_of(before, after)) {
        compare_field(name, values_of(before, name), values_of(after, name), changes);
    }
    return changes;
}

char sign_of(change_type type) noexcept {
    switch (type) {
        case change_type::added:
            return '+';
        case change_type::removed:
            return '-';
        case change_type::changed:
            return '~';
        case change_type::same:
            break;
    }
    return ' ';
}

std::string change_text(change_type type, std::string_view before, std::string_view after) {
    if (type == change_type::added) return std::string{after};
    if (type == change_type::removed) return std::string{before};
    return fmt::format("{} -> {}", before, after);
}

void append(std::string& text, std::string_view title, const side_diff& side) {
    auto out = std::back_inserter(text);
    for (const auto& field : side.fields) {
        if (field.expected) continue;
        fmt::format_to(out, "{} {} {}: {}\n", sign_of(field.type), title, field.name,
                       change_text(field.type, field.before, field.after));
    }
    for (const auto& value : side.body.json) {
        fmt::format_to(out, "{} {} body {}: {}\n", sign_of(value.type), title,
                       value.pointer.empty() ? "/" : value.pointer, change_text(value.type, value.before, value.after));
    }
    for (const auto& line : side.body.lines) fmt::format_to(out, "{} {}\n", sign_of(line.type), line.text);
    if (side.body.compared_as == body_comparison::bytes) {
        fmt::format_to(out, "~ {} body: {} -> {} bytes, first difference at {}\n", title, side.body.before_length,
                       side.body.after_length, side.body.first_difference);
    }
    if (side.body.compared_as == body_comparison::unknown) {
        fmt::format_to(out, "~ {} body: {} bytes both, the same as far as they were kept; the rest was not compared\n",
                       title, side.body.before_length);
    }
    if (side.body.compared_as == body_comparison::json && side.body.json.empty()) {
        fmt::format_to(out, "~ {} body: the same JSON, written differently\n", title);
    }
}

}  // namespace

bool record_diff::same_response() const noexcept {
    return status_before == status_after && response.body.compared_as == body_comparison::same;
}

record_diff compare(const record& before, const record& after) {
    record_diff diff;
    diff.status_before = before.response.status;
    diff.status_after = after.response.status;
    if (before.request.method != after.request.method || before.request.target != after.request.target) {
        diff.start_line_before = before.request.method + " " + before.request.target;
        diff.start_line_after = after.request.method + " " + after.request.target;
    }
    diff.request.fields = compare_fields(before.request.fields, after.request.fields);
    diff.response.fields = compare_fields(before.response.fields, after.response.fields);
    diff.request.body =
        compare_bodies(before.request.body, before.request.fields, after.request.body, after.request.fields);
    diff.response.body =
        compare_bodies(before.response.body, before.response.fields, after.response.body, after.response.fields);
    return diff;
}

std::string to_text(const record_diff& diff) {
    std::string text;
    auto out = std::back_inserter(text);
    if (diff.start_line_before != diff.start_line_after) {
        fmt::format_to(out, "- {}\n+ {}\n", diff.start_line_before, diff.start_line_after);
    }
    append(text, "request", diff.request);
    if (diff.status_before != diff.status_after) {
        fmt::format_to(out, "~ status: {} -> {}\n", diff.status_before, diff.status_after);
    }
    append(text, "response", diff.response);
    return text;
}

}  // namespace tunnel::inspector
