#include <algorithm>

#include "inspector/record.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

/// The {side} of the path.
bool is_request_side(const call& c) {
    const auto side = c.captured.at(1);
    if (side == "request") return true;
    if (side == "response") return false;
    throw not_found("A record has a \"request\" and a \"response\".");
}

std::string file_name(const call& c, std::string_view what) {
    return to_string(id_of(c)) + "." + std::string(c.captured.at(1)) + std::string(what) + ".bin";
}

}  // namespace

reply get_body(const call& c) {
    const bool of_request = is_request_side(c);
    auto r = record_of(c);
    auto& body = of_request ? r.request.body : r.response.body;
    const bool truncated = body.truncated();
    const auto length = body.length;
    auto result = attachment(std::move(body.bytes), "application/octet-stream", file_name(c, ""));
    result.fields.emplace_back("X-Tunnel-Body-Truncated", truncated ? "true" : "false");
    result.fields.emplace_back("X-Tunnel-Body-Length", std::to_string(length));
    return result;
}

reply view_body(const call& c) {
    const bool of_request = is_request_side(c);
    const auto limit = c.params().integer("limit", {1, limits::largest_view}, limits::default_view);
    const auto r = record_of(c);
    if (of_request) return json_response(view_json(r.request.body, r.request.fields, limit));
    return json_response(view_json(r.response.body, r.response.fields, limit));
}

reply get_head(const call& c) {
    const bool of_request = is_request_side(c);
    const auto* as = c.params().find("as");
    if (as && *as != "received" && *as != "sent") throw bad_request("\"as\" is received or sent.");
    auto r = record_of(c);
    auto& head = !of_request ? r.response.raw_head : as && *as == "sent" ? r.request.raw_sent : r.request.raw_received;
    return attachment(std::move(head), "application/octet-stream", file_name(c, ".head"));
}

reply list_messages(const call& c) {
    const auto p = c.params();
    constexpr integer_range any{0, std::uint64_t{1} << 62};
    const auto after = p.integer("after", any, 0);
    const auto limit = p.integer("limit", {1, limits::largest_page}, limits::default_messages);
    const auto r = record_of(c);
    auto items = ordered_json::array();
    std::uint64_t last = 0;
    bool more = false;
    const auto add = [&](const auto& list, auto to_json) {
        for (const auto& one : list) {
            if (one.sequence <= after) continue;
            more = items.size() == limit;
            if (more) return;
            items.push_back(to_json(one));
            last = one.sequence;
        }
    };
    add(r.messages, message_json);
    // A record has one or the other; each counts by itself.
    if (r.messages.empty()) add(r.events, event_json);
    return json_response({{"items", std::move(items)},
                          {"next", more ? ordered_json(last) : ordered_json(nullptr)},
                          {"dropped", r.messages_dropped}});
}

}  // namespace tunnel::inspector_http::handlers
