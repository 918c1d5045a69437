#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "webhook/crypto.hpp"
#include "webhook/doctor.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

/// Bytes that a part of the signature field stands for when it is read another way.
struct other_reading {
    std::string bytes;
    std::string_view written;  ///< how
    bool has_prefix = true;
};

std::vector<other_reading> other_readings(const wrong_signature& s) {
    std::vector<other_reading> all;
    const auto add = [&](std::string_view text, bool has_prefix) {
        if (const auto bytes = decode(text_encoding::hex, text))
            all.push_back({*bytes,
                           std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'F'; })
                               ? std::string_view("in upper-case hex")
                               : std::string_view("in hex"),
                           has_prefix});
        if (const auto bytes = decode(text_encoding::base64, text))
            all.push_back({*bytes,
                           text.find_first_of("-_") != std::string_view::npos ? std::string_view("in base64url")
                                                                              : std::string_view("in base64"),
                           has_prefix});
    };
    for (const auto& signature : s.read.signatures) add(signature, true);
    for_each_part(s.read.field, s.row().separator, [&](std::string_view item) {
        item = without_blanks(item);
        add(item, s.row().prefix.empty());
        // Behind another prefix.
        const auto sign_at = item.find_first_of("=,");
        if (sign_at != std::string_view::npos) add(item.substr(sign_at + 1), s.row().prefix.empty());
    });
    return all;
}

std::string_view name_of(text_encoding encoding) noexcept {
    switch (encoding) {
        case text_encoding::hex:
            return "lower-case hex";
        case text_encoding::base64:
            return "padded base64";
        case text_encoding::base64url:
            return "base64url";
        case text_encoding::text:
            break;
    }
    return "plain text";
}

finding encoding_fault(const wrong_signature& s, const other_reading& read) {
    const auto expected = fmt::format("{} writes {}", s.row().title, name_of(s.row().encoding));
    if (!read.has_prefix)
        return {cause::encoding,
                fmt::format("The signature is right, but not written as {} does: {} behind \"{}\" and nothing else; "
                            "here the prefix is missing or another.",
                            expected, name_of(s.row().encoding), s.row().prefix)};
    return {cause::encoding, fmt::format("The signature is right, but written {} where {}: write it so at the signer.",
                                         read.written, expected)};
}

std::string_view name_of(signature_algorithm algorithm) noexcept {
    if (algorithm == signature_algorithm::hmac_sha1) return "HMAC-SHA1";
    return algorithm == signature_algorithm::sha256 ? "a plain SHA-256" : "HMAC-SHA256";
}

constexpr std::array shared_algorithms{signature_algorithm::hmac_sha256, signature_algorithm::hmac_sha1,
                                       signature_algorithm::sha256};

bool is_among(const std::vector<other_reading>& readings, std::string_view bytes) {
    return std::ranges::find(readings, bytes, &other_reading::bytes) != readings.end();
}

std::optional<finding> find_algorithm(const wrong_signature& s, const secret& own, std::string_view key,
                                      const std::vector<other_reading>& readings) {
    for (const auto algorithm : shared_algorithms) {
        scheme other = s.row();
        other.algorithm = algorithm;
        // A plain hash has to have the secret in its message.
        if (algorithm == signature_algorithm::sha256 && !signs(other, "{secret}")) other.message.insert(0, "{secret}");
        if (algorithm == s.row().algorithm || !is_among(readings, sign(other, key, s.as_received(), own.value)))
            continue;
        return finding{cause::algorithm,
                       fmt::format("The signature is right as {}, where {} signs with {}: use that at the signer, or "
                                   "check the field that is for it.",
                                   name_of(algorithm), s.row().title, name_of(s.row().algorithm))};
    }
    return std::nullopt;
}

std::optional<finding> find_sibling(const wrong_signature& s, const secret& own,
                                    const std::vector<other_reading>& readings) {
    const request_values values(s.request);
    for (const auto& other : s.schemes) {
        if (!has_shared_secret(other) || other.algorithm == signature_algorithm::token) continue;
        if (other.message == s.row().message && other.algorithm == s.row().algorithm &&
            other.key_encoding == s.row().key_encoding)
            continue;
        const auto key = key_of(other, own.value);
        if (!key) continue;
        auto from = s.as_received();
        const auto url = urls_of(other, s.request).front();
        from.url = url;
        const auto timestamp = values.find(other.timestamp, &other, s.read.field);
        const auto id = values.find(other.id);
        if (!timestamp.empty()) from.timestamp = timestamp;
        if (!id.empty()) from.id = id;
        if (!is_among(readings, sign(other, *key, from, own.value))) continue;
        return finding{cause::sibling_scheme,
                       fmt::format("The signature was made as {} makes it ({} over {}), where {} is {} over {}: choose "
                                   "the scheme {} at the signer, or verify with that of {}.",
                                   other.name, name_of(other.algorithm), other.message, s.row().name,
                                   name_of(s.row().algorithm), s.row().message, s.row().name, other.name)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<finding> find_signature_fault(const wrong_signature& s) {
    if (!has_shared_secret(s.row()) || s.row().algorithm == signature_algorithm::token) return std::nullopt;
    const auto readings = other_readings(s);
    for (const auto* const own : s.own) {
        const auto key = key_of(s.row(), own->value);
        if (!key) continue;
        const auto expected = sign(s.row(), *key, s.as_received(), own->value);
        const auto found = std::ranges::find(readings, std::string_view(expected), &other_reading::bytes);
        if (found != readings.end()) return encoding_fault(s, *found);
        if (auto algorithm = find_algorithm(s, *own, *key, readings)) return algorithm;
    }
    for (const auto* const own : s.own)
        if (auto sibling = find_sibling(s, *own, readings)) return sibling;
    return std::nullopt;
}

}  // namespace tunnel::webhook
