#include "webhook/verifier.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tunnel/base/text.hpp"
#include "webhook/check.hpp"
#include "webhook/crypto.hpp"
#include "webhook/doctor.hpp"
#include "webhook/explain.hpp"
#include "webhook/provider_rows.hpp"
#include "webhook/text_codec.hpp"
#include "webhook/url.hpp"

namespace tunnel::webhook {

namespace {

using std::chrono::seconds;

/// Clamped to 30,000 years: the text may have any number of digits, and ages are computed in microseconds.
std::optional<std::chrono::sys_seconds> time_of(const scheme& row, std::string_view text) {
    constexpr long long farthest = 1'000'000'000'000;  // seconds
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) value = text.front() == '-' ? -farthest : farthest;
    if (error == std::errc() && row.unit == time_unit::milliseconds) value /= 1000;
    return std::chrono::sys_seconds(seconds(std::clamp(value, -farthest, farthest)));
}

void set(report& r, verdict result, cause why, std::string explanation) {
    r.result = result;
    r.why = why;
    r.explanation = std::move(explanation);
}

bool refused_by_app(int status) noexcept { return status == 400 || status == 401 || status == 403 || status == 422; }

bool signs_whole_body(const scheme& row, const std::string& url) {
    return signs(row, "{body}") || signs(row, "{form}") ||
           (!row.body_hash.empty() && !query_value(url, row.body_hash).empty());
}

bool is_compressed(const delivery& d) {
    const auto* const coding = find_field(d.fields, "Content-Encoding");
    return coding != nullptr && !coding->empty() && !iequals(*coding, "identity");
}

/// A right signature: whether it is so in time, and what the app made of it.
void judge_right(report& r, const scheme& row, const delivery& d) {
    const bool judged = r.age_at_arrival && row.tolerance > seconds(0);
    r.tolerance = judged ? std::optional(row.tolerance) : std::nullopt;
    if (judged && *r.age_at_arrival > row.tolerance)
        return set(r, verdict::stale, cause::stale_at_arrival, explain::old(row, r));
    if (judged && row.refuses_future && -*r.age_at_arrival > row.tolerance)
        return set(r, verdict::stale, cause::clock_ahead, explain::ahead(row, r));
    if (judged && *r.age_now > row.tolerance)
        return set(r, verdict::valid, cause::stale_by_now, explain::old_by_now(row, r));
    if (refused_by_app(d.app_status) && is_compressed(d) && signs(row, "{body}"))
        return set(r, verdict::valid, cause::app_decoded_body, explain::app_decoded(d));
    if (refused_by_app(d.app_status))
        return set(r, verdict::valid, cause::app_read_body_first, explain::app_refused(row, d));
    set(r, verdict::valid, cause::none, explain::right(r.secret));
}

/// The first secret that gives a signature of the request, with the URL for which it does.
struct match {
    const secret* with = nullptr;
    std::string url{};
    const secret* undecodable = nullptr;  ///< where none is right
};

match find_match(const reading& read, const delivery& d, std::span<const secret* const> own,
                 std::span<const std::string> urls) {
    match found;
    for (const auto* const candidate : own) {
        for (const auto& url : urls) {
            const auto result = check(*read.row, candidate->value, ingredients_of(read, d, url), read.signatures);
            if (result == check_result::right) return {.with = candidate, .url = url};
            if (result == check_result::bad_key) found.undecodable = candidate;
        }
    }
    return found;
}

void set_ages(report& r, const reading& read, const delivery& d) {
    const auto made = time_of(*read.row, read.timestamp);
    if (!made) return;
    r.age_at_arrival = d.arrived - *made;
    r.age_now = std::max(d.now, d.arrived) - *made;
}

}  // namespace

verifier::verifier(std::vector<scheme> schemes, std::vector<secret> secrets)
    : schemes_(std::move(schemes)), secrets_(std::move(secrets)) {}

report verifier::verify(const delivery& d) const { return judge(d, false); }

report verifier::diagnose(const delivery& d) const { return judge(d, true); }

report verifier::judge(const delivery& d, bool search) const {
    const request_values values(d);
    const auto rows = find_provider(schemes_, values);
    report r;
    if (rows.first == nullptr) return r;
    const auto& first = *rows.first;
    r.provider = first.provider;
    r.event = values.find_shown(first.event);
    r.delivery = values.find_shown(first.delivery);
    const auto attempt = values.find_shown(first.attempt);
    unsigned number = 0;
    if (std::from_chars(attempt.data(), attempt.data() + attempt.size(), number).ec == std::errc()) r.attempt = number;
    if (rows.readings.empty()) {
        r.scheme = first.name;
        set(r, verdict::unsigned_, cause::none, explain::not_signed(first));
        return r;
    }
    const auto own = secrets_of(first, secrets_);
    const auto& read = choose_reading(rows, own);
    const auto& row = *read.row;
    r.scheme = row.name;
    set_ages(r, read, d);
    if (own.empty()) {
        set(r, verdict::no_secret, cause::none, explain::no_secret(row));
        return r;
    }
    const auto urls = urls_of(row, d);
    if (d.body_truncated && signs_whole_body(row, urls.front())) {
        set(r, verdict::truncated, cause::none, explain::truncated(d));
        return r;
    }
    const auto found = find_match(read, d, own, urls);
    if (found.with != nullptr) {
        r.secret = found.with->name;
        const auto hash =
            row.body_hash.empty() || has_form(d) ? std::string_view() : query_value(found.url, row.body_hash);
        if (!hash.empty() && hash != encode(text_encoding::hex, sha256(d.body)))
            set(r, verdict::invalid, cause::body_hash, explain::body_hash(row));
        else
            judge_right(r, row, d);
        return r;
    }
    const bool lacks_time = signs(row, "{timestamp}") && !time_of(row, read.timestamp);
    if (lacks_time || (signs(row, "{id}") && read.id.empty())) {
        set(r, verdict::invalid, cause::no_timestamp, explain::no_timestamp(row));
    } else if (!search) {
        set(r, verdict::invalid, cause::none, explain::wrong(row));
    } else {
        auto cause = find_cause({d, read, schemes_, secrets_, own, urls});
        if (cause.why == cause::unknown && found.undecodable != nullptr)
            cause = {cause::bad_key, explain::bad_key(row, found.undecodable->name)};
        set(r, verdict::invalid, cause.why, std::move(cause.sentence));
    }
    return r;
}

}  // namespace tunnel::webhook
