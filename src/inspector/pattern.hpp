#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace tunnel::inspector {

struct pattern_error {
    std::size_t position = 0;
    std::string message;
};

/// A regular expression (PCRE2) over bytes. Matching is bounded: a text that would take more than limits::regex_steps
/// does not match. Copies share what was compiled; any thread.
class pattern {
 public:
    [[nodiscard]] static std::variant<pattern, pattern_error> compile(std::string_view text);
    [[nodiscard]] bool found_in(std::string_view text) const;

 private:
    std::shared_ptr<pcre2_real_code_8> code_;
    std::shared_ptr<pcre2_real_match_context_8> context_;
};

}  // namespace tunnel::inspector
