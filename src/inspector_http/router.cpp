#include "inspector_http/router.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace {

constexpr auto none = body_kind::none;
constexpr auto json = body_kind::json;
constexpr auto replay = body_kind::replay;

constexpr std::array table{
    route{"GET", "/api/v1/status", none, handlers::get_status},
    route{"GET", "/api/v1/exchanges", none, handlers::list_exchanges},
    route{"DELETE", "/api/v1/exchanges", none, handlers::clear_exchanges},
    route{"GET", "/api/v1/exchanges/{id}", none, handlers::get_exchange},
    route{"PATCH", "/api/v1/exchanges/{id}", json, handlers::annotate_exchange},
    route{"DELETE", "/api/v1/exchanges/{id}", none, handlers::delete_exchange},
    route{"GET", "/api/v1/exchanges/{id}/messages", none, handlers::list_messages},
    route{"GET", "/api/v1/exchanges/{id}/export", none, handlers::export_exchange},
    route{"POST", "/api/v1/exchanges/{id}/replay", replay, handlers::replay_exchange},
    route{"POST", "/api/v1/exchanges/{id}/watch", replay, handlers::watch_exchange},
    route{"DELETE", "/api/v1/exchanges/{id}/watch", none, handlers::unwatch_exchange},
    route{"GET", "/api/v1/exchanges/{id}/{side}/body", none, handlers::get_body},
    route{"GET", "/api/v1/exchanges/{id}/{side}/view", none, handlers::view_body},
    route{"GET", "/api/v1/exchanges/{id}/{side}/head", none, handlers::get_head},
    route{"GET", "/api/v1/watches", none, handlers::list_watches},
    route{"GET", "/api/v1/faults", none, handlers::list_faults},
    route{"POST", "/api/v1/faults", json, handlers::add_fault},
    route{"DELETE", "/api/v1/faults", none, handlers::clear_faults},
    route{"DELETE", "/api/v1/faults/{fault}", none, handlers::remove_fault},
    route{"GET", "/api/v1/stub", none, handlers::list_stub},
    route{"POST", "/api/v1/replay", replay, handlers::replay_matching},
    route{"GET", "/api/v1/diff", none, handlers::diff_exchanges},
    route{"GET", "/api/v1/export", none, handlers::export_matching},
    route{"POST", "/api/v1/import", body_kind::import, handlers::import_records},
    route{"GET", "/api/v1/chart", none, handlers::get_chart},
    route{"GET", "/api/v1/wait", none, handlers::wait},
    route{"GET", "/api/v1/now", none, handlers::get_now},
    route{"GET", "/api/v1/events", none, handlers::stream_events},
    route{"GET", "/api/tunnels", none, handlers::ngrok_tunnels},
    route{"GET", "/api/tunnels/{name}", none, handlers::ngrok_tunnel},
    route{"GET", "/api/endpoints", none, handlers::ngrok_endpoints},
    route{"GET", "/api/endpoints/{name}", none, handlers::ngrok_tunnel},
    route{"GET", "/api/requests/http", none, handlers::ngrok_requests},
    route{"POST", "/api/requests/http", json, handlers::ngrok_replay},
    route{"DELETE", "/api/requests/http", none, handlers::ngrok_clear},
    route{"GET", "/api/requests/http/{id}", none, handlers::ngrok_request},
    route{"GET", "/api/status", none, handlers::ngrok_status},
};

/// The first segment of `rest`, which begins with a slash, and leaves what follows.
std::string_view next_segment(std::string_view& rest) noexcept {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string_view>& captured) {
    captured.clear();
    while (pattern.starts_with('/') && path.starts_with('/')) {
        const auto expected = next_segment(pattern);
        const auto given = next_segment(path);
        if (expected.starts_with('{')) {
            if (given.empty()) return false;
            captured.push_back(given);
        } else if (expected != given) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

/// Of a request's Content-Type, without parameters.
bool has_type(const request& r, std::string_view type) noexcept {
    auto given = r.field("Content-Type");
    given = given.substr(0, given.find(';'));
    const auto last = given.find_last_not_of(" \t");
    return iequals(given.substr(0, last == std::string_view::npos ? 0 : last + 1), type);
}

}  // namespace

std::span<const route> routes() noexcept { return table; }

std::string allowed_methods(std::string_view path) {
    std::string allowed;
    std::vector<std::string_view> captured;
    for (const auto& one : table) {
        if (!matches(one.path, path, captured)) continue;
        if (!allowed.empty()) allowed += ", ";
        allowed += one.method == "GET" ? "GET, HEAD" : one.method;
    }
    return allowed;
}

found_route find_route(std::string_view method, std::string_view path) {
    const auto wanted = method == "HEAD" ? "GET" : method;
    std::vector<std::string_view> captured;
    for (const auto& one : table) {
        if (one.method == wanted && matches(one.path, path, captured)) return {&one, std::move(captured)};
    }
    if (allowed_methods(path).empty()) throw not_found("There is nothing at this path; see docs/inspector-api.yaml.");
    throw api_error(405, "method_not_allowed", "This path takes other methods: " + allowed_methods(path) + ".");
}

std::size_t body_limit(body_kind kind) noexcept {
    switch (kind) {
        case body_kind::json:
            return limits::json_bytes;
        case body_kind::replay:
            return limits::replay_bytes;
        case body_kind::import:
            return limits::import_bytes;
        case body_kind::none:
            break;
    }
    return 0;
}

// A form or a script of another origin can send a body of "text/plain" and two more types without asking; JSON only
// after a preflight request, which is refused.
void check_body_type(const request& r, body_kind kind) {
    if (kind == body_kind::none || has_type(r, "application/json")) return;
    if (kind == body_kind::import && has_type(r, "application/x-ndjson")) return;
    throw api_error(415, "not_json",
                    kind == body_kind::import
                        ? "Send HAR as Content-Type: application/json, NDJSON as application/x-ndjson."
                        : "Send the body as Content-Type: application/json.");
}

reply serve(const found_route& found, const request& r, const request_target& target, const services& s,
            std::uint16_t own_port) noexcept {
    try {
        return found.what->handle({r, target, s, own_port, found.captured});
    } catch (const api_error& error) {
        return error_response(error);
    } catch (const std::exception& error) {
        spdlog::error("the inspector failed at {}: {}", found.what->path, error.what());
        return error_response(api_error(500, "internal", "The inspector failed; see the log of tunnel-client."));
    }
}

namespace handlers {

inspector::record_id id_of(const call& c) {
    const auto id = inspector::parse_record_id(c.captured.front());
    if (!id || *id == 0) throw not_found("There is no record with this id.");
    return *id;
}

inspector::record record_of(const call& c) {
    auto found = c.s.history.find(id_of(c));
    if (!found) throw not_found("There is no record with this id; it may have been deleted.");
    return std::move(*found);
}

inspector::history_page read_page(const services& s, const inspector::page_request& request) {
    auto page = s.history.list(request);
    if (!page.error.empty()) {
        throw api_error(503, "history_unavailable", "The history cannot be read: " + page.error + ".");
    }
    return page;
}

inspector::record summary_of(const call& c, inspector::record_id id) {
    inspector::page_request one;
    one.before = id + 1;
    one.after = id - 1;
    one.limit = 1;
    auto page = read_page(c.s, one);
    if (page.items.empty()) throw not_found("There is no record with this id; it may have been deleted.");
    return std::move(page.items.front());
}

}  // namespace handlers

}  // namespace tunnel::inspector_http
