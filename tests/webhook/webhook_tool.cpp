#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "webhook/settings_error.hpp"
#include "webhook/verifier.hpp"

// The library for programs in other languages: each line of the input is a JSON object, and so is each of the output.
// {"do": "verify" or "diagnose" or "resign", "secrets": the text of a file, "fields": [[name, value]], "body": text,
//  "method", "target", "url": text, "arrived": seconds}

namespace {

using namespace tunnel::webhook;
using nlohmann::json;

json report_json(const report& r) {
    return {{"provider", r.provider},    {"scheme", r.scheme},          {"event", r.event},
            {"delivery", r.delivery},    {"secret", r.secret},          {"verdict", to_string(r.result)},
            {"cause", to_string(r.why)}, {"explanation", r.explanation}};
}

json resigned_json(const resigned& r) {
    json result{{"fields", r.fields}, {"refusal", r.refusal}};
    if (r.body) result["body"] = *r.body;
    if (r.target) result["target"] = *r.target;
    return result;
}

json handle(const json& request) {
    const verifier v(builtin_schemes(), parse_secrets(request.at("secrets").get<std::string>(), builtin_schemes()));
    const auto fields = request.at("fields").get<std::vector<field_line>>();
    const auto method = request.value("method", "POST");
    const auto target = request.value("target", "/hook");
    const auto body = request.at("body").get<std::string>();
    const auto url = request.value("url", "https://example.com/hook");
    const std::chrono::sys_seconds arrived{std::chrono::seconds(request.at("arrived").get<std::int64_t>())};
    const delivery d{.method = method,
                     .target = target,
                     .fields = fields,
                     .body = body,
                     .body_truncated = false,
                     .url = url,
                     .configured_url = {},
                     .arrived = arrived,
                     .now = arrived,
                     .app_status = 0};
    const auto what = request.at("do").get<std::string>();
    if (what == "resign") return resigned_json(v.resign(d, arrived));
    return report_json(what == "diagnose" ? v.diagnose(d) : v.verify(d));
}

}  // namespace

int main() {
    try {
        for (std::string line; std::getline(std::cin, line);) std::cout << handle(json::parse(line)) << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
