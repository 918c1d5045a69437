#include "webhook/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log_text.hpp"
#include "webhook/url.hpp"

namespace tunnel::webhook::explain {

namespace {

std::string variable_of(std::string name) {
    std::ranges::transform(name, name.begin(), [](char c) {
        return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return "TUNNEL_SECRET_" + name;
}

/// How a signature is written there, as in `sha256=HEX`.
std::string shape_of(const scheme& row) {
    const auto* const text = row.encoding == text_encoding::hex      ? "HEX"
                             : row.encoding == text_encoding::base64 ? "BASE64"
                             : row.encoding == text_encoding::text   ? "TOKEN"
                                                                     : "BASE64URL";
    return row.prefix + text;
}

}  // namespace

std::string right(const std::string& secret_name) {
    return fmt::format("The signature is right (secret \"{}\").", secret_name);
}

std::string app_refused(const scheme& row, const delivery& d) {
    const auto begin = fmt::format(
        "The signature is right over the bytes that were delivered, yet the app responded {}", d.app_status);
    if (signs(row, "{url}"))
        return fmt::format(
            "{}: most likely it computes another URL than {} (behind a proxy that takes off TLS, from "
            "X-Forwarded-Proto and X-Forwarded-Host), or it parsed the body before it verified the signature.",
            begin, d.configured_url.empty() ? url_of(d) : std::string(d.configured_url));
    if (!signs(row, "{body}"))
        return fmt::format("{}: most likely it has another secret, or it refused the request for another reason.",
                           begin);
    return fmt::format(
        "{}: most likely it parsed the body first; give the raw bytes to the verification (express.raw() in Express, "
        "request.get_data() in Flask, request.body in Django, php://input in PHP).",
        begin);
}

std::string app_decoded(const delivery& d) {
    return fmt::format(
        "The signature is right over the compressed bytes that were delivered, yet the app responded {}: most likely "
        "something decompressed the body before the app verified it; verify the bytes as they came (inflate: false in "
        "express.raw(), no decompression in the proxy before the app).",
        d.app_status);
}

std::string old(const scheme& row, const report& about) {
    return fmt::format(
        "The signature is right, but it was {} s old when it arrived, and {} signatures expire after {} s: an old "
        "request was sent again, or a clock is wrong; sign it again to replay it.",
        about.age_at_arrival->count(), row.title, row.tolerance.count());
}

std::string ahead(const scheme& row, const report& about) {
    return fmt::format(
        "The signature is right, but its timestamp was {} s ahead of this computer's clock, and {} allows {} s: set "
        "the "
        "clock.",
        -about.age_at_arrival->count(), row.title, row.tolerance.count());
}

std::string old_by_now(const scheme& row, const report& about) {
    return fmt::format(
        "The signature was right when it arrived; by now it is {} s old, and {} signatures expire after {} s: sign it "
        "again to replay it.",
        about.age_now->count(), row.title, row.tolerance.count());
}

std::string not_signed(const scheme& row) {
    return fmt::format("This is a webhook of {} without a signature: {} signs once a secret is set there ({}).",
                       row.title, row.title, row.secret_place);
}

std::string no_secret(const scheme& row) {
    return fmt::format(
        "There is no secret of {} to check the signature with: put \"{} = SECRET\" into the file of --secrets, or set "
        "{}. It is {}.",
        row.title, row.provider, variable_of(row.provider), row.secret_place);
}

std::string truncated(const delivery& d) {
    return fmt::format(
        "The signature covers the whole body, of which only the first {} kept: keep more of each body to "
        "have it checked.",
        d.body.size() == 1 ? "byte was" : counted(d.body.size(), "byte") + " were");
}

std::string no_timestamp(const scheme& row) {
    constexpr std::string_view in_item = "item:";
    const auto place = row.timestamp.starts_with(in_item)
                           ? fmt::format("\"{}\" in {}", row.timestamp.substr(in_item.size()), row.signature)
                           : row.timestamp;
    if (!signs(row, "{id}"))
        return fmt::format(
            "{} signs a timestamp together with the body, and it is missing or not a number: send it as "
            "{} does ({}).",
            row.title, row.title, place);
    return fmt::format(
        "{} signs an id and a timestamp together with the body, and one is missing: send them as {} does "
        "({} and {}).",
        row.title, row.title, row.id, place);
}

std::string malformed(const scheme& row) {
    return fmt::format("{} has no signature as {} writes it, which is {}.", row.signature, row.title, shape_of(row));
}

std::string bad_key(const scheme& row, const std::string& secret_name) {
    const auto* const kind = has_shared_secret(row) ? "secret" : "public key";
    return fmt::format("The secret \"{}\" is not a {} of {}, which is written {}: take {}.", secret_name, kind,
                       row.title, row.key_encoding == text_encoding::hex ? "in hex" : row.key_prefix + "BASE64",
                       row.secret_place);
}

std::string body_hash(const scheme& row) {
    return fmt::format(
        "The URL is signed rightly, but its {} is not the SHA-256 of the body: the body was changed on the way.",
        row.body_hash);
}

std::string wrong(const scheme& row) { return fmt::format("No secret of {} gives this signature.", row.title); }

std::string no_cause(const scheme& row, const std::string& names, std::string_view body) {
    if (body.find("\xef\xbf\xbd") != std::string_view::npos)
        return fmt::format(
            "No secret of {} ({}) gives this signature, and the body contains U+FFFD: something decoded it as text in "
            "the wrong charset before it was delivered.",
            row.title, names);
    return fmt::format(
        "No secret of {} ({}) gives this signature, and no usual change of the body or the URL explains it: another "
        "secret signed it; take {}.",
        row.title, names, row.secret_place);
}

}  // namespace tunnel::webhook::explain
