#include "stub/rule_summary.hpp"

#include <fmt/format.h>

#include <variant>

namespace tunnel::stub {

namespace {

std::string written(const written_response& response) {
    const auto status = fmt::format("status {}", response.status);
    const auto* text = std::get_if<text_template>(&response.body);
    if (text == nullptr) return status + ", JSON";
    return text->parts().empty() ? status : status + ", a body";
}

}  // namespace

std::string summary_of(const rule& of) {
    if (of.asks) return fmt::format("the challenge of {}", to_string(of.asks->who));
    if (!of.last_good) return written(*of.response);
    return of.response ? "the last good response, or " + written(*of.response) : "the last good response";
}

}  // namespace tunnel::stub
