#include <fmt/format.h>

#include <algorithm>

#include "webhook/body_edit.hpp"
#include "webhook/check.hpp"
#include "webhook/crypto.hpp"
#include "webhook/explain.hpp"
#include "webhook/provider_rows.hpp"
#include "webhook/text_codec.hpp"
#include "webhook/url.hpp"
#include "webhook/verifier.hpp"

namespace tunnel::webhook {

namespace {

constexpr std::string_view in_body = "body:";
constexpr std::string_view in_item = "item:";

std::string time_text(const scheme& row, std::chrono::sys_seconds now) {
    return std::to_string(now.time_since_epoch().count() * (row.unit == time_unit::milliseconds ? 1000 : 1));
}

/// Signs one request for each of its rows, one after the other.
class signer {
 public:
    signer(const delivery& original, std::chrono::sys_seconds now, std::span<const secret* const> own)
        : original_(original), values_(original), now_(now), own_(own) {}

    void refresh_timestamp(const scheme& row);
    void sign_row(const scheme& row);
    [[nodiscard]] resigned take() && {
        if (!refusal_.empty()) return {.refusal = std::move(refusal_)};
        return std::move(result_);
    }

 private:
    /// The alternative of `places` that the request has, else the first.
    [[nodiscard]] std::string_view place_of(std::string_view places) const;
    /// Puts a value where the place says; false: it cannot be put there.
    bool put(std::string_view place, const std::string& value);
    [[nodiscard]] std::string_view body() const { return result_.body ? *result_.body : original_.body; }
    /// The URL to sign; its hash of the body is brought up to date.
    [[nodiscard]] std::string url_for(const scheme& row);
    /// The secret that made the signature of the request as it is, else the first that can be decoded.
    [[nodiscard]] const secret* choose_secret(const scheme& row) const;
    void check_token(const scheme& row);
    void refuse(std::string why) {
        if (refusal_.empty()) refusal_ = std::move(why);
    }

    const delivery& original_;
    request_values values_;
    std::chrono::sys_seconds now_;
    std::span<const secret* const> own_;
    resigned result_;
    std::string refusal_;  ///< the first
    bool signed_ = false;
};

std::string_view signer::place_of(std::string_view places) const {
    std::string_view chosen = places.substr(0, places.find('|'));
    bool found = false;
    for_each_part(places, "|", [&](std::string_view place) {
        if (found || values_.find(place).empty()) return;
        chosen = place;
        found = true;
    });
    return chosen;
}

bool signer::put(std::string_view place, const std::string& value) {
    if (!place.starts_with(in_body)) {
        const auto has_name = [&](const field_line& line) { return line.first == place; };
        const auto at = std::ranges::find_if(result_.fields, has_name);
        if (at == result_.fields.end()) {
            result_.fields.emplace_back(std::string(place), value);
        } else {
            at->second = value;
        }
        return true;
    }
    const auto pointer = place.substr(in_body.size());
    auto changed = has_form(original_) ? with_form_value(body(), pointer.substr(1), value)
                                       : with_json_value(body(), pointer, value);
    if (!changed) return false;
    result_.body = std::move(*changed);
    return true;
}

void signer::refresh_timestamp(const scheme& row) {
    const auto place = place_of(row.timestamp);
    if (place.empty() || place.starts_with(in_item) || !has_shared_secret(row)) return;
    if (place.starts_with(in_body) && values_.find(place).empty()) return;
    if (!put(place, time_text(row, now_)))
        refuse(fmt::format("The timestamp of {} stands in the body, and cannot be changed there.", row.title));
}

std::string signer::url_for(const scheme& row) {
    auto url = urls_of(row, original_).front();
    const auto old = std::string(query_value(url, row.body_hash));
    if (row.body_hash.empty() || old.empty() || has_form(original_)) return url;
    const auto fresh = encode(text_encoding::hex, sha256(body()));
    std::string target(original_.target);
    for (auto* const text : {&url, &target})
        if (const auto at = text->find(old); at != std::string::npos) text->replace(at, old.size(), fresh);
    if (fresh != old) result_.target = target;
    return url;
}

const secret* signer::choose_secret(const scheme& row) const {
    if (const auto read = read_signature(row, values_)) {
        const auto url = urls_of(row, original_).front();
        for (const auto* const own : own_)
            if (check(row, own->value, ingredients_of(*read, original_, url), read->signatures) == check_result::right)
                return own;
    }
    for (const auto* const own : own_)
        if (fits(row, own->value) && key_of(row, own->value)) return own;
    for (const auto* const own : own_)
        if (key_of(row, own->value)) return own;
    return nullptr;
}

void signer::check_token(const scheme& row) {
    if (signed_) return;
    const auto* const token = find_field(original_.fields, row.signature);
    for (const auto* const own : own_) {
        if (token == nullptr || !equal_in_constant_time(*token, own->value)) continue;
        return;  // it holds for any body and any time
    }
    refuse(fmt::format(
        "{} sends the secret itself in {}, and the one in this request is not right: it is not replaced, so that no "
        "secret is written into the history.",
        row.title, row.signature));
}

void signer::sign_row(const scheme& row) {
    if (row.algorithm == signature_algorithm::token) return check_token(row);
    if (!has_shared_secret(row))
        return refuse(fmt::format("{} signs with a private key that only {} has.", row.title, row.title));
    const auto* const own = choose_secret(row);
    if (own == nullptr) return refuse(fmt::format("No secret of {} can be decoded.", row.title));
    const auto id = values_.find(row.id);
    if (signs(row, "{id}") && id.empty())
        return refuse(fmt::format("{} signs an id, and the request has none in {}.", row.title, row.id));
    const auto time = time_text(row, now_);
    const auto url = url_for(row);
    const ingredients from{.method = original_.method,
                           .url = url,
                           .body = body(),
                           .timestamp = time,
                           .id = id,
                           .form = has_form(original_)};
    auto value = row.prefix + encode(row.encoding, sign(row, *key_of(row, own->value), from, own->value));
    if (row.timestamp.starts_with(in_item)) value = row.timestamp.substr(in_item.size()) + time + row.separator + value;
    if (!put(place_of(row.signature), value))
        return refuse(fmt::format("The signature of {} stands in the body, and cannot be changed there.", row.title));
    signed_ = true;
}

/// The rows that are in the request and may be of the secrets; of those that share a field the strongest.
std::vector<const scheme*> rows_to_sign(const provider_rows& rows, std::span<const secret* const> own) {
    std::vector<const scheme*> chosen{rows.readings.empty() ? rows.first : choose_reading(rows, own).row};
    for (const auto& read : rows.readings) {
        const bool may_be = std::ranges::any_of(own, [&](const secret* one) { return fits(*read.row, one->value); });
        const bool is_taken =
            std::ranges::any_of(chosen, [&](const scheme* other) { return other->signature == read.row->signature; });
        if (may_be && !is_taken) chosen.push_back(read.row);
    }
    return chosen;
}

}  // namespace

resigned verifier::resign(const delivery& d, std::chrono::sys_seconds now) const {
    const auto refuse = [](std::string why) { return resigned{.refusal = std::move(why)}; };
    const request_values values(d);
    const auto rows = find_provider(schemes_, values);
    if (rows.first == nullptr) return refuse("This is not a webhook of a provider that is known.");
    const auto own = secrets_of(*rows.first, secrets_);
    if (own.empty() && has_shared_secret(*rows.first)) return refuse(explain::no_secret(*rows.first));
    const auto to_sign = rows_to_sign(rows, own);
    signer one(d, now, own);
    for (const auto* const row : to_sign) {
        const bool whole = signs(*row, "{body}") || signs(*row, "{form}") || !row->body_hash.empty();
        if (d.body_truncated && whole)
            return refuse("The signature covers the whole body, of which only the first bytes were kept.");
        one.refresh_timestamp(*row);
    }
    for (const auto* const row : to_sign) one.sign_row(*row);
    return std::move(one).take();
}

}  // namespace tunnel::webhook
