#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/verifier.hpp"

// A request as `Name: value` lines, an empty line and the body, through the verifier, the doctor and the signer.

namespace {

using namespace tunnel::webhook;

constexpr std::string_view shared_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::chrono::sys_seconds arrived{std::chrono::seconds(1'700'000'000)};

const verifier& every_provider() {
    static const verifier v = [] {
        std::vector<secret> secrets;
        for (const auto& row : builtin_schemes())
            if (row.name == row.provider || row.name.ends_with("-v3") || row.name == "twilio-sha256")
                secrets.push_back({row.provider, row.provider, std::string(shared_secret)});
        return verifier(builtin_schemes(), std::move(secrets));
    }();
    return v;
}

void require(bool holds) {
    if (!holds) std::abort();
}

void check_texts(const report& r) {
    const auto bare = shared_secret.substr(6);
    for (const auto& text : {r.explanation, r.secret, r.scheme, r.provider})
        require(text.find(bare) == std::string::npos);
    require((r.result == verdict::none) == r.provider.empty());
    require(r.result == verdict::none || !r.explanation.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<field_line> fields;
    while (!rest.empty() && fields.size() < 32) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.empty()) break;
        const auto colon = std::min(line.find(':'), line.size());
        auto value = line.substr(std::min(colon + 1, line.size()));
        if (value.starts_with(' ')) value.remove_prefix(1);
        fields.emplace_back(line.substr(0, colon), value);
    }
    // A copy: the fields change below.
    const auto* const url_field = find_field(fields, "X-Url");
    const std::string url = url_field == nullptr ? std::string() : *url_field;
    delivery d{.method = "POST",
               .target = "/hook",
               .fields = fields,
               .body = rest,
               .body_truncated = false,
               .url = url,
               .configured_url = {},
               .arrived = arrived,
               .now = arrived,
               .app_status = 400};
    const auto quick = every_provider().verify(d);
    const auto full = every_provider().diagnose(d);
    check_texts(quick);
    check_texts(full);
    // The search explains a verdict, and never changes it.
    require(quick.result == full.result && quick.scheme == full.scheme);

    const auto changes = every_provider().resign(d, arrived);
    if (!changes.refusal.empty()) return 0;
    for (const auto& [name, value] : changes.fields) {
        std::erase_if(fields, [&](const field_line& line) { return find_field({&line, 1}, name) != nullptr; });
        fields.emplace_back(name, value);
    }
    d.fields = fields;
    if (changes.body) d.body = *changes.body;
    // A URL with a hash of the body changes too, and is not followed here.
    if (!changes.target) require(every_provider().verify(d).result == verdict::valid);
    return 0;
}
