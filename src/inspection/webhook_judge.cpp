#include "inspection/webhook_judge.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace tunnel::inspection {

using inspector::signature_verdict;

namespace {

webhook::verifier verifier_of(const webhook_files& from) {
    auto known = load(from);
    return {std::move(known.schemes), std::move(known.secrets)};
}

signature_verdict kept(webhook::verdict v) {
    switch (v) {
        case webhook::verdict::none:
            return signature_verdict::none;
        case webhook::verdict::valid:
            return signature_verdict::valid;
        case webhook::verdict::invalid:
            return signature_verdict::invalid;
        case webhook::verdict::stale:
            return signature_verdict::stale;
        case webhook::verdict::unsigned_:
            return signature_verdict::unsigned_;
        case webhook::verdict::no_secret:
            return signature_verdict::no_secret;
        case webhook::verdict::truncated:
            return signature_verdict::truncated;
    }
    return signature_verdict::unknown;
}

webhook::delivery delivery_of(const inspector::record& of) {
    webhook::delivery d;
    d.method = of.request.method;
    d.target = of.request.target;
    d.fields = of.request.fields;
    d.body = of.request.body.bytes;
    d.body_truncated = of.request.body.truncated();
    d.url = of.public_url;
    d.arrived = std::chrono::floor<std::chrono::seconds>(of.arrived);
    d.now = d.arrived;
    d.app_status = of.response.status;
    return d;
}

nlohmann::ordered_json cause_or_null(webhook::cause why) {
    return why == webhook::cause::none ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(to_string(why));
}

nlohmann::ordered_json text_or_null(const std::string& text) {
    return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

nlohmann::ordered_json microseconds_or_null(const std::optional<std::chrono::seconds>& time) {
    return time ? nlohmann::ordered_json(std::chrono::microseconds(*time).count()) : nlohmann::ordered_json(nullptr);
}

/// Whether the age alone makes a right signature one that the provider's libraries refuse now.
bool is_too_old(const webhook::report& report) {
    const auto is_right = report.result == webhook::verdict::valid || report.result == webhook::verdict::stale;
    return is_right && report.tolerance && report.age_now && std::chrono::abs(*report.age_now) > *report.tolerance;
}

std::chrono::sys_seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

}  // namespace

webhook_judge::webhook_judge(const webhook_files& from) : verifier_(verifier_of(from)) {}

inspector::webhook_note webhook_judge::note_of(const inspector::record& of) const {
    auto report = verifier_.verify(delivery_of(of));
    inspector::webhook_note note;
    note.provider = std::move(report.provider);
    note.event = std::move(report.event);
    note.delivery = std::move(report.delivery);
    note.signature = kept(report.result);
    return note;
}

nlohmann::ordered_json webhook_judge::verification_of(const inspector::record& of) const {
    auto delivery = delivery_of(of);
    delivery.now = now();
    const auto report = verifier_.diagnose(delivery);
    if (report.result == webhook::verdict::none) return nullptr;
    nlohmann::ordered_json resign = nullptr;
    if (sign_again(delivery).refusal.empty()) resign = is_too_old(report) ? "proposed" : "possible";
    return {{"provider", text_or_null(report.provider)},
            {"scheme", text_or_null(report.scheme)},
            {"verdict", to_string(kept(report.result))},
            {"cause", cause_or_null(report.why)},
            {"reason", report.explanation},
            {"advice", nullptr},
            {"secret", text_or_null(report.secret)},
            {"resign", std::move(resign)},
            {"age_at_arrival_us", microseconds_or_null(report.age_at_arrival)},
            {"age_now_us", microseconds_or_null(report.age_now)},
            {"tolerance_us", microseconds_or_null(report.tolerance)}};
}

webhook::resigned webhook_judge::sign_again(const webhook::delivery& request) const {
    return verifier_.resign(request, now());
}

}  // namespace tunnel::inspection
