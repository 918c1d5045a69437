#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "tunnel/version.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

std::string_view to_text(tunnel_state state) noexcept {
    switch (state) {
        case tunnel_state::connecting:
            return "connecting";
        case tunnel_state::up:
            return "up";
        case tunnel_state::retrying:
            return "retrying";
        case tunnel_state::replaced:
            break;
    }
    return "replaced";
}

std::string_view to_text(app_state state) noexcept {
    switch (state) {
        case app_state::up:
            return "up";
        case app_state::down:
            return "down";
        case app_state::unknown:
            break;
    }
    return "unknown";
}

std::string_view to_text(history_mode mode) noexcept {
    switch (mode) {
        case history_mode::file:
            return "file";
        case history_mode::memory:
            return "memory";
        case history_mode::off:
            break;
    }
    return "off";
}

ordered_json moment_or_null(const std::optional<time_point>& when) {
    if (!when) return nullptr;
    return to_rfc3339(*when);
}

ordered_json stub_json(const services& s) {
    if (s.stub == nullptr) return nullptr;
    const auto now = s.stub->stub();
    return {{"file", shown_text(now.file)}, {"rules", now.rules.size()}, {"problem", text_or_null(now.problem)}};
}

}  // namespace

ordered_json status_json(const services& s) {
    const auto tunnel = s.status.status();
    const auto history = s.history.status();
    auto watches = ordered_json::array();
    for (const auto& watch : s.replays.watches()) watches.push_back(to_string(watch.id));
    auto faults = ordered_json::array();
    if (s.faults != nullptr) {
        for (const auto& fault : s.faults->faults()) faults.push_back(shown_text(fault.rule));
    }
    return {{"version", program_version},
            {"started_at", to_rfc3339(s.feed.begun())},
            {"forwarding",
             {{"public_url", text_or_null(tunnel.public_url)},
              {"to", shown_text(tunnel.forwarding_to)},
              {"app", to_text(tunnel.app)},
              {"held", tunnel.held}}},
            {"tunnel",
             {{"state", to_text(tunnel.state)},
              {"server", shown_text(tunnel.server)},
              {"since", moment_or_null(tunnel.since)},
              {"retry_at", moment_or_null(tunnel.retry_at)},
              {"error", text_or_null(tunnel.error)},
              {"replaced_by", text_or_null(tunnel.replaced_by)}}},
            {"capture",
             {{"dropped", tunnel.dropped + history.dropped},
              {"bodies_dropped", tunnel.bodies_dropped},
              {"body_bytes", tunnel.body_bytes}}},
            {"history",
             {{"state", to_text(history.mode)},
              {"reason", text_or_null(history.problem)},
              {"file", text_or_null(history.path)},
              {"count", history.records},
              {"bytes", history.bytes},
              {"count_limit", tunnel.count_limit},
              {"bytes_limit", tunnel.bytes_limit}}},
            {"watches", std::move(watches)},
            {"faults", std::move(faults)},
            {"stub", stub_json(s)}};
}

ordered_json result_json(const replay_result& result) {
    ordered_json error = nullptr;
    if (!result.error_code.empty()) {
        error = {{"code", shown_text(result.error_code)}, {"message", shown_text(result.error_message)}};
    }
    return {{"id", id_or_null(result.id)},
            {"parent", to_string(result.parent)},
            {"status", result.status == 0 ? ordered_json(nullptr) : ordered_json(result.status)},
            {"duration_us", result.time ? ordered_json(result.time->count()) : ordered_json(nullptr)},
            {"same_status", result.same_status},
            {"same_body", result.same_body ? ordered_json(*result.same_body) : ordered_json(nullptr)},
            {"error", std::move(error)}};
}

ordered_json watch_json(const watch_info& watch) {
    return {{"id", to_string(watch.id)}, {"since", to_rfc3339(watch.since)}, {"runs", watch.runs}};
}

}  // namespace tunnel::inspector_http
