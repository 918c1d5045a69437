#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "inspector/record_id.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/event_source.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/wait_search.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

/// The field that browsers send when they connect again, or the parameter.
std::optional<std::uint64_t> last_event_id(const call& c) {
    const auto* parameter = c.params().find("last_event_id");
    const auto field = c.received.field("Last-Event-ID");
    const auto text = field.empty() && parameter ? std::string_view{*parameter} : field;
    if (text.empty()) return std::nullopt;
    std::uint64_t id = 0;
    const auto* const begin = text.data();
    const auto* const end = begin + text.size();
    const auto [stopped, error] = std::from_chars(begin, end, id);
    if (error != std::errc{} || stopped != end) throw bad_request("Last-Event-ID is not the id of an event.");
    return id;
}

time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

/// Each line of `then` is a further step.
void add_steps(const parameters& p, wait_request& request) {
    const auto* lines = p.find("then");
    for (auto rest = lines ? std::string_view{*lines} : std::string_view{}; !rest.empty();) {
        const auto text = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(text.size() + 1, rest.size()));
        request.steps.push_back({std::string(text), parse_filter(text)});
        if (request.steps.size() > limits::wait_steps) throw bad_request("\"then\" has too many filters.");
    }
}

/// The newest record that does not count.
record_id start_of(const call& c, const parameters& p) {
    const auto* after = p.find("after");
    if (p.find("since_ms")) {
        if (after) throw bad_request("Give \"after\" or \"since_ms\", not both.");
        return first_id_at(now() - std::chrono::milliseconds(p.integer("since_ms", {1, 86'400'000}, 1))) - 1;
    }
    if (!after) return first_id_at(now()) - 1;
    if (*after == "start") return first_id_at(c.s.feed.begun()) - 1;
    return *after == "0" ? 0 : p.id("after");
}

}  // namespace

reply wait(const call& c) {
    const auto p = c.params();
    wait_request request;
    request.steps.push_back({std::string(p.filter_text()), p.filter()});
    add_steps(p, request);
    request.none = p.flag("none");
    request.count = p.integer("count", {1, limits::waited_records}, 1);
    if (request.steps.size() > 1 && (request.none || p.find("count"))) {
        throw bad_request("\"then\" goes with neither \"count\" nor \"none\".");
    }
    request.timeout = std::chrono::milliseconds(p.integer("timeout_ms", {0, limits::wait_time.count()}, 30'000));
    request.after = start_of(c, p);
    if (c.s.history.status().mode == history_mode::off) {
        throw api_error(503, "history_unavailable", "No request is kept: tunnel-client runs with --history off.");
    }
    return std::make_shared<wait_search>(c.s, std::move(request));
}

reply get_now(const call& c) { return json_response(ordered_json::object({{"id", to_string(c.s.history.next_id())}})); }

reply stream_events(const call& c) {
    auto filter = c.params().filter();
    return std::make_shared<event_source>(c.s, std::move(filter), last_event_id(c));
}

}  // namespace tunnel::inspector_http::handlers
