#include <fmt/format.h>

#include <set>

#include "webhook/doctor.hpp"
#include "webhook/url.hpp"

namespace tunnel::webhook {

namespace {

std::string origin_of(const url_parts& parts) {
    auto origin = parts;
    origin.rest = {};
    return join_url(origin);
}

/// The paths and queries that `rest` may have been.
std::vector<std::string> rests_of(std::string_view rest) {
    const auto path = rest.substr(0, rest.find('?'));
    const auto query = rest.substr(path.size());
    std::vector<std::string> rests{std::string(rest)};
    if (path.ends_with('/')) {
        rests.push_back(std::string(path.substr(0, path.size() - 1)).append(query));
    } else {
        rests.push_back(std::string(path).append("/").append(query));
    }
    if (!query.empty()) rests.emplace_back(path);
    return rests;
}

finding describe(const url_parts& seen, const url_parts& right) {
    const auto was = origin_of(seen);
    const auto is = origin_of(right);
    if (seen.scheme != right.scheme && seen.host == right.host)
        return {cause::url_scheme,
                fmt::format("The signature is right for a URL of {}, and the request was seen as {}: a proxy in front "
                            "takes off TLS, so let the app compute the URL from X-Forwarded-Proto, or give it the "
                            "public URL.",
                            is, was)};
    if (seen.host == right.host && seen.port != right.port)
        return {cause::url_port,
                fmt::format("The signature is right for a URL of {}, and the request was seen as {}: the port differs, "
                            "so let the app compute the URL with the port that the provider was given.",
                            is, was)};
    if (seen.host != right.host)
        return {cause::url_other,
                fmt::format("The signature is right for a URL of {}, and the request was seen as {}: let the app use "
                            "the URL that the provider was given.",
                            is, was)};
    return {
        cause::url_other,
        seen.rest.size() > right.rest.size() + 1
            ? "The signature is right for the URL without its query: give the provider the URL that the app computes."
            : "The signature is right for the URL with another slash at the end of its path: give the provider the "
              "URL that the app computes."};
}

}  // namespace

std::optional<finding> find_url_fault(const wrong_signature& s) {
    if (!signs(s.row(), "{url}")) return std::nullopt;
    const auto seen_url = url_of(s.request);
    const auto seen = split_url(seen_url);
    std::set<std::string> tried;
    auto attempt = s;
    for (const auto* const name : {"", "X-Forwarded-Host", "Host"}) {
        const auto* const field = find_field(s.request.fields, name);
        const auto other = field == nullptr ? std::string(seen_url) : "http://" + *field;
        const auto there = split_url(other);
        for (const auto port : {there.port, std::string_view(), std::string_view("443"), std::string_view("80")}) {
            for (const auto* const scheme : {"https", "http"}) {
                for (const auto& rest : rests_of(seen.rest)) {
                    const url_parts right{.scheme = scheme, .host = there.host, .port = port, .rest = rest};
                    attempt.urls = {join_url(right)};
                    if (!tried.insert(attempt.urls.front()).second) continue;
                    if (attempt.is_right_for(s.as_received())) return describe(seen, right);
                }
            }
        }
    }
    return std::nullopt;
}

}  // namespace tunnel::webhook
