#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/api_client.hpp"
#include "inspector/record.hpp"

namespace tunnel::commands {

/// Stands ahead of a word of a filter that begins with a minus, so that it is not taken for a flag.
inline constexpr char no_flag = '\x01';
/// Whether it is such a word: `-is:replay`, `-"text"`, `-/expression/`, `-(...)`.
[[nodiscard]] bool is_negated_term(std::string_view word);

/// Words of the command line as one filter; throws, with its place, where that is not valid.
[[nodiscard]] std::string filter_of(const std::vector<std::string>& words);
/// The id of the newest record that matches; throws where there is none.
[[nodiscard]] std::string newest_id(const api_client& api, const std::string& filter);
/// A record with all that is kept of it.
[[nodiscard]] inspector::record whole_record(const api_client& api, const std::string& id);

}  // namespace tunnel::commands
