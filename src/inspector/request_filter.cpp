#include "inspector/request_filter.hpp"

#include <fmt/format.h>

#include <utility>

namespace tunnel::inspector {

std::variant<query, std::string> parse_request_filter(std::string_view text, time_point now) {
    auto filter = query::parse(text, now);
    if (const auto* wrong = std::get_if<query_error>(&filter)) {
        const auto hint =
            wrong->suggestion.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", wrong->suggestion);
        return fmt::format("the filter \"{}\" is not valid: {}{}", text, wrong->message, hint);
    }
    const auto late = std::get<query>(filter).needs_response();
    if (late.empty()) return std::get<query>(std::move(filter));
    return fmt::format(
        "\"{}\" is not known yet when a request arrives; use method, path, url, host, query, header, "
        "ip, type, provider, event, delivery or reqbody",
        late);
}

}  // namespace tunnel::inspector
