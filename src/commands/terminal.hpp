#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "inspector/record.hpp"

/// Text for a terminal: what callers and apps sent stands in it, so nothing of that may move the cursor, change colours
/// or reorder the line.
namespace tunnel::commands {

/// Control characters, those that change the direction of text, and bytes that are not UTF-8 become `\x1b` and the
/// like. `lines`: line feeds and tabs stay.
[[nodiscard]] std::string printable(std::string_view text, bool lines = false);

/// "1.2 kB", "12 ms"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
[[nodiscard]] std::string time_text(std::uint64_t microseconds);
/// "2026-01-31T15:05:06+01:00": in the time zone of this machine, as `since:` and `until:` of a filter take it.
[[nodiscard]] std::string local_time(std::string_view rfc3339);

/// One line of a list of requests, from a Summary of the API.
[[nodiscard]] std::string summary_line(const nlohmann::ordered_json& summary);
/// What was done with a request, the verdict on its signature, and the attempts of its delivery, from an Exchange of
/// the API; empty where there is nothing to say.
[[nodiscard]] std::string about_text(const nlohmann::ordered_json& exchange);
/// A whole record, secrets hidden unless `include_secrets`; `more` are lines for its head.
[[nodiscard]] std::string record_text(const inspector::record& from, bool include_secrets, std::string_view more = {});

/// To stdout. False: it takes no more.
bool print(std::string_view text);

}  // namespace tunnel::commands
