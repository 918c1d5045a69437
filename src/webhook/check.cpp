#include "webhook/check.hpp"

#include <algorithm>

#include "webhook/crypto.hpp"
#include "webhook/limits.hpp"
#include "webhook/text_codec.hpp"
#include "webhook/url.hpp"

namespace tunnel::webhook {

std::optional<reading> read_signature(const scheme& row, const request_values& values) {
    if (!values.has_all(row.when)) return std::nullopt;
    reading r{.row = &row, .field = values.find(row.signature)};
    if (r.field.empty()) return std::nullopt;
    r.timestamp = values.find(row.timestamp, &row, r.field);
    r.id = values.find(row.id);
    // A body has such a name by chance, and then not all of them.
    if (row.signature.starts_with("body:") && (r.timestamp.empty() || r.id.empty())) return std::nullopt;
    for_each_part(r.field, row.separator, [&](std::string_view item) {
        item = without_blanks(item);
        if (!item.starts_with(row.prefix) || r.signatures.size() == limits::signatures_in_field) return;
        r.signatures.emplace_back(item.substr(row.prefix.size()));
    });
    return r;
}

ingredients ingredients_of(const reading& r, const delivery& d, std::string_view url) {
    return {.method = d.method, .url = url, .body = d.body, .timestamp = r.timestamp, .id = r.id, .form = has_form(d)};
}

std::vector<std::string> urls_of(const scheme& row, const delivery& d) {
    std::vector<std::string> urls;
    if (!signs(row, "{url}")) return {std::string()};
    if (!d.configured_url.empty()) urls.emplace_back(d.configured_url);
    const auto seen = url_of(d);
    if (seen != d.configured_url) urls.push_back(seen);
    if (!row.default_port) return urls;
    const auto given = urls;
    for (const auto& url : given) {
        for (auto& other : {with_default_port(url), without_port(url)})
            if (std::ranges::find(urls, other) == urls.end()) urls.push_back(other);
    }
    return urls;
}

bool signs(const scheme& row, std::string_view placeholder) noexcept {
    return row.message.find(placeholder) != std::string::npos;
}

bool has_shared_secret(const scheme& row) noexcept {
    return row.algorithm != signature_algorithm::ed25519 && row.algorithm != signature_algorithm::ecdsa_p256;
}

std::string message_of(const scheme& row, const ingredients& from, std::string_view secret) {
    std::string message;
    const std::string_view shape = row.message;
    for (std::size_t at = 0; at < shape.size();) {
        const auto open = std::min(shape.find('{', at), shape.size());
        message.append(shape.substr(at, open - at));
        const auto close = std::min(shape.find('}', open), shape.size());
        const auto name = open < close ? shape.substr(open + 1, close - open - 1) : std::string_view();
        if (name == "body") message.append(from.body);
        if (name == "timestamp") message.append(from.timestamp);
        if (name == "id") message.append(from.id);
        if (name == "method") message.append(from.method);
        if (name == "url") message.append(from.url);
        if (name == "secret") message.append(secret);
        if (name == "form" && from.form) message.append(sorted_form(from.body));
        at = close + 1;
    }
    return message;
}

bool fits(const scheme& row, std::string_view secret) noexcept { return secret.starts_with(row.key_prefix); }

std::optional<std::string> key_of(const scheme& row, std::string_view secret) {
    if (row.key_encoding != text_encoding::text && fits(row, secret)) secret.remove_prefix(row.key_prefix.size());
    return decode(row.key_encoding, secret);
}

std::string sign(const scheme& row, std::string_view key, const ingredients& from, std::string_view secret) {
    switch (row.algorithm) {
        case signature_algorithm::hmac_sha256:
            return hmac(hash::sha256, key, message_of(row, from, secret));
        case signature_algorithm::hmac_sha1:
            return hmac(hash::sha1, key, message_of(row, from, secret));
        case signature_algorithm::sha256:
            return sha256(message_of(row, from, secret));
        case signature_algorithm::token:
        case signature_algorithm::ed25519:
        case signature_algorithm::ecdsa_p256:
            break;
    }
    return std::string(key);
}

check_result check(const scheme& row, std::string_view secret, const ingredients& from,
                   std::span<const std::string> signatures) {
    const auto key = key_of(row, secret);
    if (!key) return check_result::bad_key;
    if (has_shared_secret(row)) {
        const auto expected = encode(row.encoding, sign(row, *key, from, secret));
        // Each is compared, so that the time does not tell which was right.
        bool right = false;
        for (const auto& signature : signatures) right |= equal_in_constant_time(signature, expected);
        return right ? check_result::right : check_result::wrong;
    }
    const auto message = message_of(row, from, secret);
    for (const auto& text : signatures) {
        const auto signature = decode(row.encoding, text);
        if (!signature) continue;
        const auto result = verify_with_public_key(row.algorithm, *key, *signature, message);
        if (result == key_result::bad_key) return check_result::bad_key;
        if (result == key_result::right) return check_result::right;
    }
    return check_result::wrong;
}

}  // namespace tunnel::webhook
