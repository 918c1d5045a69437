#include "inspector/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <new>

#include "inspector/limits.hpp"

namespace tunnel::inspector {

std::variant<pattern, pattern_error> pattern::compile(std::string_view text) {
    int code = 0;
    PCRE2_SIZE position = 0;
    // Bodies need not be UTF-8, and \C and a pattern's own (*UTF) would have them checked first.
    auto* const made = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                     PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &position, nullptr);
    if (!made) {
        constexpr std::size_t longest_message = 256;
        std::array<PCRE2_UCHAR, longest_message> message{};
        pcre2_get_error_message(code, message.data(), message.size());
        return pattern_error{position, reinterpret_cast<const char*>(message.data())};
    }
    pattern result;
    result.code_.reset(made, pcre2_code_free);
    result.context_.reset(pcre2_match_context_create(nullptr), pcre2_match_context_free);
    if (!result.context_) throw std::bad_alloc();
    pcre2_set_match_limit(result.context_.get(), limits::regex_steps);
    pcre2_set_heap_limit(result.context_.get(), limits::regex_memory_kib);
    return result;
}

bool pattern::found_in(std::string_view text) const {
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(pcre2_match_data_create(1, nullptr),
                                                                                    pcre2_match_data_free);
    if (!match) throw std::bad_alloc();
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match.get(),
                       context_.get()) >= 0;
}

}  // namespace tunnel::inspector
