#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/record.hpp"
#include "stub/rule.hpp"
#include "webhook/secrets.hpp"

namespace tunnel::stub {

/// What reading a file needs of its surroundings.
struct rule_sources {
    inspector::time_point now{};
    /// The secrets of webhook providers, for challenges that are responded to with one.
    std::span<const webhook::secret> secrets{};
    /// The bytes of a file that a rule names; throws stub_error where it cannot be read or has more than that.
    std::function<std::string(const std::string& path, std::size_t most)> read{};
};

/// The rules of a file: a JSON object with an array `rules`, in which `//` begins a comment. Throws stub_error, which
/// names the line or the rule and its member.
[[nodiscard]] std::vector<rule> parse_rules(std::string_view json, const rule_sources& from);

}  // namespace tunnel::stub
