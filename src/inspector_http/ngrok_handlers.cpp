#include <algorithm>

#include "inspector/base64_text.hpp"
#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"
#include "tunnel/version.hpp"

/// ngrok's agent API, in its own shapes, for tools that were made for port 4040.
namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

/// ngrok's name for the one tunnel of a command line.
constexpr std::string_view tunnel_name = "command_line";

constexpr std::size_t default_requests = 50;

ordered_json headers_json(const field_lines& fields) {
    auto headers = ordered_json::object();
    for (const auto& [name, value] : fields) {
        // As Go's library writes names: the first letter of each word is large.
        auto shown = shown_text(name);
        bool first = true;
        for (auto& c : shown) {
            if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
            if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            first = c == '-';
        }
        headers[shown].push_back(shown_text(value));
    }
    return headers;
}

std::string status_line(const response_copy& from) {
    // "HTTP/1.1 200 OK" without the version.
    const auto line = std::string_view{from.raw_head}.substr(0, from.raw_head.find_first_of("\r\n"));
    const auto blank = line.find(' ');
    return blank == std::string_view::npos ? std::to_string(from.status) : shown_text(line.substr(blank + 1));
}

ordered_json request_json(const record& r) {
    const auto& head = r.request.raw_received.empty() ? r.request.raw_sent : r.request.raw_received;
    ordered_json response_part = nullptr;
    if (r.response.status != 0) {
        response_part = {{"status", status_line(r.response)},
                         {"status_code", r.response.status},
                         {"proto", "HTTP/1.1"},
                         {"headers", headers_json(r.response.fields)},
                         {"raw", to_base64(r.response.raw_head + r.response.body.bytes)}};
    }
    const auto time = total_time(r).value_or(duration{0});
    const auto id = to_string(r.id);
    return {{"uri", "/api/requests/http/" + id},
            {"id", id},
            {"tunnel_name", tunnel_name},
            {"remote_addr", shown_text(r.caller)},
            {"start", to_rfc3339(r.arrived)},
            {"duration", std::chrono::nanoseconds(time).count()},
            {"request",
             {{"method", shown_text(r.request.method)},
              {"proto", "HTTP/1.1"},
              {"headers", headers_json(r.request.fields)},
              {"uri", shown_text(r.request.target)},
              {"raw", to_base64(head + r.request.body.bytes)}}},
            {"response", std::move(response_part)}};
}

ordered_json metrics_json(std::uint64_t count) {
    const auto rates = [&](bool gauge) {
        ordered_json m{{"count", count}};
        if (gauge) m["gauge"] = 0;
        for (const auto* name : {"rate1", "rate5", "rate15", "p50", "p90", "p95", "p99"}) m[name] = 0;
        return m;
    };
    return {{"conns", rates(true)}, {"http", rates(false)}};
}

/// Null before the server gave the public URL.
ordered_json tunnel_json(const services& s) {
    const auto status = s.status.status();
    if (status.public_url.empty()) return nullptr;
    return {{"name", tunnel_name},
            {"uri", "/api/tunnels/" + std::string(tunnel_name)},
            {"public_url", shown_text(status.public_url)},
            {"url", shown_text(status.public_url)},
            {"proto", status.public_url.starts_with("https:") ? "https" : "http"},
            {"config", {{"addr", shown_text(status.forwarding_to)}, {"inspect", true}}},
            {"upstream", {{"url", shown_text(status.forwarding_to)}, {"protocol", "http1"}}},
            {"metrics", metrics_json(s.history.status().records)}};
}

reply list_of(const call& c, const char* name, std::string_view uri) {
    auto list = ordered_json::array();
    if (auto tunnel = tunnel_json(c.s); !tunnel.is_null()) list.push_back(std::move(tunnel));
    return json_response({{name, std::move(list)}, {"uri", uri}});
}

}  // namespace

reply ngrok_tunnels(const call& c) { return list_of(c, "tunnels", "/api/tunnels"); }
reply ngrok_endpoints(const call& c) { return list_of(c, "endpoints", "/api/endpoints"); }

reply ngrok_tunnel(const call& c) {
    auto tunnel = tunnel_json(c.s);
    if (c.captured.front() != tunnel_name || tunnel.is_null()) throw not_found("There is no tunnel of this name.");
    return json_response(tunnel);
}

reply ngrok_requests(const call& c) {
    const auto p = c.params();
    page_request wanted;
    wanted.limit = p.integer("limit", {1, limits::largest_page}, default_requests);
    auto list = ordered_json::array();
    const auto* name = p.find("tunnel_name");
    if (!name || name->empty() || *name == tunnel_name) {
        for (const auto& r : read_page(c.s, wanted).items) {
            if (const auto whole = c.s.history.find(r.id)) list.push_back(request_json(*whole));
        }
    }
    return json_response({{"uri", "/api/requests/http"}, {"requests", std::move(list)}});
}

reply ngrok_request(const call& c) { return json_response(request_json(record_of(c))); }

reply ngrok_clear(const call& c) {
    c.s.history.clear(true);
    c.s.history.flush();
    return no_content();
}

reply ngrok_status(const call& c) {
    const bool online = c.s.status.status().state == tunnel_state::up;
    return json_response({{"status", online ? "online" : "connecting"},
                          {"agent_version", program_version},
                          {"session", {{"legs", ordered_json::array()}}},
                          {"uri", "/api/status"}});
}

}  // namespace tunnel::inspector_http::handlers
