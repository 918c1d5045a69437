#include "stub/responder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/field_rules.hpp"
#include "stub/limits.hpp"
#include "stub/request_values.hpp"

namespace tunnel::stub {

namespace {

/// RFC 9562 section 5.4.
std::string uuid_of(std::uint64_t high, std::uint64_t low) {
    constexpr std::uint64_t version_4 = 0x4000;
    constexpr std::uint64_t variant = std::uint64_t{1} << 63U;
    high = (high & ~std::uint64_t{0xF000}) | version_4;
    low = (low & ~(std::uint64_t{3} << 62U)) | variant;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU, high & 0xFFFFU,
                       low >> 48U, low & 0xFFFFFFFFFFFFU);
}

/// What came from a request must not begin another field or another response.
std::string as_field_value(std::string text) {
    const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F'; };
    std::ranges::replace_if(text, is_control, ' ');
    text.resize(std::min(text.size(), limits::field_value));
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// As a value of the filter language: in quotes, in which `"` and `\` have a `\` before them.
std::string in_quotes(std::string_view text) {
    std::string value = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') value += '\\';
        value += c;
    }
    return value + '"';
}

bool is_repeated(std::string_view name) {
    // Each response has a date of its own.
    return !http::is_connection_field(name) && !inspector::same_name(name, "Date") &&
           !inspector::same_name(name, "Upgrade");
}

}  // namespace

responder::responder(std::vector<rule> rules, std::function<std::uint64_t()> random)
    : rules_(std::move(rules)),
      counters_(rules_.size()),
      responses_(rules_.size()),
      random_(std::move(random)),
      precedes_app_(std::ranges::any_of(rules_, [](const rule& r) { return r.when == condition::always; })) {}

bool responder::needs_history() const noexcept {
    return std::ranges::any_of(rules_, [](const rule& r) { return r.last_good; });
}

std::optional<std::size_t> responder::choose(const inspector::record& request, bool absent, std::size_t from) const {
    for (auto i = from; i < rules_.size(); ++i) {
        const auto& each = rules_[i];
        if (!absent && each.when != condition::always) continue;
        if (!each.filter.match(request)) continue;
        if (!each.asks || stub::respond(*each.asks, request)) return i;
    }
    return std::nullopt;
}

std::optional<reply> responder::respond(std::size_t rule, const inspector::record& request, inspector::time_point now) {
    const auto& by = rules_[rule];
    if (by.asks) return stub::respond(*by.asks, request);
    if (!by.response) return std::nullopt;
    return written(rule, request, now);
}

reply responder::written(std::size_t rule, const inspector::record& request, inspector::time_point now) {
    const auto& from = *rules_[rule].response;
    const auto high = random_();
    const request_values values(request, {now, ++counters_[rule], uuid_of(high, random_())});
    reply made;
    made.status = from.status;
    for (const auto& [name, value] : from.fields) made.fields.emplace_back(name, as_field_value(values.fill(value)));
    if (const auto* text = std::get_if<text_template>(&from.body)) {
        made.body = values.fill(*text);
    } else {
        const auto body = values.fill(std::get<nlohmann::ordered_json>(from.body));
        made.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    }
    return made;
}

std::string good_responses_to(const inspector::record& request) {
    // 206 (Partial Content) does not fit a request for the whole representation.
    return fmt::format("method={} path={} status:2xx -status:206 is:complete -is:truncated -is:stub -is:fault",
                       in_quotes(request.request.method), in_quotes(inspector::path_of(request)));
}

reply repeat(const inspector::record& good) {
    reply made;
    made.status = static_cast<unsigned>(good.response.status);
    for (const auto& [name, value] : good.response.fields) {
        if (is_repeated(name)) made.fields.emplace_back(name, value);
    }
    made.body = good.response.body.bytes;
    return made;
}

}  // namespace tunnel::stub
