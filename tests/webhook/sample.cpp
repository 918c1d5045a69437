#include "webhook/sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tunnel/base/text.hpp"

namespace tunnel::webhook {

namespace {

std::chrono::sys_seconds time(std::int64_t seconds) { return std::chrono::sys_seconds(std::chrono::seconds(seconds)); }

}  // namespace

delivery sample::view() const {
    return {.method = method,
            .target = target,
            .fields = fields,
            .body = body,
            .body_truncated = truncated,
            .url = url,
            .configured_url = configured_url,
            .arrived = time(arrived),
            .now = time(std::max(arrived, now)),
            .app_status = app_status};
}

void sample::set(std::string_view name, std::string_view value) {
    std::erase_if(fields, [&](const field_line& line) { return iequals(line.first, name); });
    fields.emplace_back(name, value);
}

verifier verifier_with(const secret_list& secrets) {
    std::vector<secret> all;
    for (const auto& [name, value] : secrets) all.push_back({name.substr(0, name.find('.')), name, value});
    return {builtin_schemes(), std::move(all)};
}

sample resigned_sample(const verifier& v, sample s, std::int64_t now) {
    const auto changes = v.resign(s.view(), time(now));
    EXPECT_EQ(changes.refusal, "");
    for (const auto& [name, value] : changes.fields) s.set(name, value);
    if (changes.target) s.url = "https://example.com" + *changes.target;
    if (changes.target) s.target = *changes.target;
    if (changes.body) s.body = *changes.body;
    s.arrived = now;
    s.now = now;
    return s;
}

}  // namespace tunnel::webhook
