#include <charconv>
#include <chrono>

#include "inspector/record_id.hpp"
#include "inspector_http/event_source.hpp"
#include "inspector_http/handlers.hpp"
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

}  // namespace

reply wait(const call& c) {
    const auto p = c.params();
    wait_request request;
    request.filter_text = p.filter_text();
    request.filter = p.filter();
    request.count = p.integer("count", {1, 1'000}, 1);
    request.timeout = std::chrono::milliseconds(p.integer("timeout_ms", {0, 600'000}, 30'000));
    request.none = p.flag("none");
    const auto* after = p.find("after");
    if (!after || after->empty()) {
        const auto now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
        request.after = first_id_at(now) - 1;
    } else if (*after != "0") {
        request.after = p.id("after");
    }
    return std::make_shared<wait_search>(c.s, std::move(request));
}

reply stream_events(const call& c) {
    auto filter = c.params().filter();
    return std::make_shared<event_source>(c.s, std::move(filter), last_event_id(c));
}

}  // namespace tunnel::inspector_http::handlers
