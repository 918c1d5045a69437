#include "stub/challenge.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "webhook/crypto.hpp"
#include "webhook/json_text.hpp"
#include "webhook/request_values.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::stub {

namespace {

constexpr std::array<std::pair<std::string_view, challenger>, 5> names{{{"slack", challenger::slack},
                                                                        {"zoom", challenger::zoom},
                                                                        {"dropbox", challenger::dropbox},
                                                                        {"x", challenger::x},
                                                                        {"meta", challenger::meta}}};

std::string hmac_of(const challenge& with, std::string_view message) {
    return webhook::hmac(webhook::hash::sha256, with.key, message);
}

// Browsers must not take an echo of what a stranger sent for a page.
reply text_reply(unsigned status, std::string body) {
    return {status, {{"Content-Type", "text/plain"}, {"X-Content-Type-Options", "nosniff"}}, std::move(body)};
}

reply json_reply(const nlohmann::ordered_json& body) {
    return {200, {{"Content-Type", "application/json"}}, body.dump()};
}

std::optional<std::string> parameter(const inspector::record& request, std::string_view name) {
    for (auto& [key, value] : webhook::parse_form(inspector::query_of(request))) {
        if (key == name) return std::move(value);
    }
    return std::nullopt;
}

/// Whether the text can be a token that zoom or x asks to have signed; the characters are those of token68 (RFC 9110
/// section 11.2). Webhooks are signed with the same secret: if any text were signed, a caller could have the text of a
/// forged webhook signed, which has a colon (zoom: "v0:TIME:BODY") or is JSON (x).
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "-._~+/=";
    constexpr std::size_t longest = 256;
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

/// The string at the JSON pointer; null if it is missing or not a string.
const std::string* string_at(const nlohmann::json& body, const char* pointer) {
    const nlohmann::json::json_pointer at(pointer);
    if (!body.contains(at) || !body.at(at).is_string()) return nullptr;
    return body.at(at).get_ptr<const std::string*>();
}

std::optional<nlohmann::json> posted_json(const inspector::record& request) {
    if (request.request.method != "POST") return std::nullopt;
    return webhook::parse_json(request.request.body.bytes);
}

// https://docs.slack.dev/reference/events/url_verification
std::optional<reply> respond_to_slack(const inspector::record& request) {
    const auto body = posted_json(request);
    if (!body) return std::nullopt;
    const auto* type = string_at(*body, "/type");
    const auto* asked = string_at(*body, "/challenge");
    if (type == nullptr || asked == nullptr || *type != "url_verification") return std::nullopt;
    return text_reply(200, *asked);
}

// https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint
std::optional<reply> respond_to_zoom(const challenge& with, const inspector::record& request) {
    const auto body = posted_json(request);
    if (!body) return std::nullopt;
    const auto* event = string_at(*body, "/event");
    const auto* token = string_at(*body, "/payload/plainToken");
    if (event == nullptr || token == nullptr || *event != "endpoint.url_validation") return std::nullopt;
    if (!is_token(*token)) return std::nullopt;
    const auto encrypted = webhook::encode(webhook::text_encoding::hex, hmac_of(with, *token));
    return json_reply({{"plainToken", *token}, {"encryptedToken", encrypted}});
}

// https://www.dropbox.com/developers/reference/webhooks
std::optional<reply> respond_to_dropbox(const inspector::record& request) {
    auto asked = parameter(request, "challenge");
    if (!asked) return std::nullopt;
    return text_reply(200, std::move(*asked));
}

// https://docs.x.com/x-api/webhooks/introduction: the challenge-response check.
std::optional<reply> respond_to_x(const challenge& with, const inspector::record& request) {
    const auto token = parameter(request, "crc_token");
    if (!token || !is_token(*token)) return std::nullopt;
    const auto digest = webhook::encode(webhook::text_encoding::base64, hmac_of(with, *token));
    return json_reply({{"response_token", "sha256=" + digest}});
}

// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
std::optional<reply> respond_to_meta(const challenge& with, const inspector::record& request) {
    auto asked = parameter(request, "hub.challenge");
    if (!asked || parameter(request, "hub.mode") != "subscribe") return std::nullopt;
    const auto token = parameter(request, "hub.verify_token").value_or("");
    if (!webhook::equal_in_constant_time(token, with.key))
        return text_reply(403, "tunnel-client: hub.verify_token is not the verify_token of the stub's rule\n");
    return text_reply(200, std::move(*asked));
}

}  // namespace

std::optional<challenger> challenger_from(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(names, name, &std::pair<std::string_view, challenger>::first);
    if (found == names.end()) return std::nullopt;
    return found->second;
}

std::string_view to_string(challenger who) noexcept {
    return std::ranges::find(names, who, &std::pair<std::string_view, challenger>::second)->first;
}

bool needs_secret(challenger who) noexcept { return who == challenger::zoom || who == challenger::x; }

std::optional<reply> respond(const challenge& to, const inspector::record& request) {
    const auto& method = request.request.method;
    if (to.who == challenger::slack) return respond_to_slack(request);
    if (to.who == challenger::zoom) return respond_to_zoom(to, request);
    if (method != "GET") return std::nullopt;
    if (to.who == challenger::dropbox) return respond_to_dropbox(request);
    if (to.who == challenger::x) return respond_to_x(to, request);
    return respond_to_meta(to, request);
}

}  // namespace tunnel::stub
