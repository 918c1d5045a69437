#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/replay_request.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

using finish_function = std::function<response(const replay_outcome&)>;

response results_response(const replay_outcome& outcome) {
    if (const auto* refusal = std::get_if<replay_refusal>(&outcome)) return error_response(error_of(*refusal));
    auto items = ordered_json::array();
    for (const auto& result : std::get<std::vector<replay_result>>(outcome)) items.push_back(result_json(result));
    return json_response(ordered_json::object({{"items", std::move(items)}}));
}

/// Of one record. `too_old`: the signature that was sent again is refused for its age alone.
response results_of_one(const replay_outcome& outcome, bool too_old) {
    if (const auto* refusal = std::get_if<replay_refusal>(&outcome)) return error_response(error_of(*refusal));
    auto items = ordered_json::array();
    for (const auto& result : std::get<std::vector<replay_result>>(outcome)) {
        items.push_back(result_json(result));
        items.back()["resign_proposed"] = too_old;
    }
    return json_response(ordered_json::object({{"items", std::move(items)}}));
}

bool is_too_old(const services& s, const record& r) {
    if (!s.verify) return false;
    const auto verification = s.verify(r);
    return verification.is_object() && verification.value("resign", ordered_json()) == "proposed";
}

reply start_replay(const call& c, std::vector<record_id> ids, replay_options options, finish_function finish) {
    if (ids.size() * options.times > limits::sendings) {
        throw api_error(413, "too_many",
                        "These are too many replays for one request; narrow the filter, or replay fewer times.");
    }
    auto& replays = c.s.replays;
    return deferred{[&replays, ids = std::move(ids), options = std::move(options),
                     finish = std::move(finish)](std::function<void(response)> done) mutable {
        auto deliver = [done = std::move(done), finish = std::move(finish)](const replay_outcome& outcome) {
            done(finish(outcome));
        };
        return replays.start(std::move(ids), std::move(options), std::move(deliver));
    }};
}

/// Whether the filter has a clause that asks for replays.
bool names_replays(std::string_view filter) noexcept {
    constexpr std::array<std::string_view, 3> spellings{"is:replay", "is=replay", "parent"};
    return std::ranges::any_of(spellings,
                               [&](auto spelling) { return filter.find(spelling) != std::string_view::npos; });
}

}  // namespace

reply replay_exchange(const call& c) {
    const auto id = id_of(c);
    auto options = parse_replay(json_object(c), c.own_port);
    const auto too_old = !options.resign && is_too_old(c.s, record_of(c));
    const auto finish = [too_old](const replay_outcome& outcome) { return results_of_one(outcome, too_old); };
    return start_replay(c, {id}, std::move(options), finish);
}

reply replay_matching(const call& c) {
    const auto body = json_object(c);
    auto options = parse_replay(body, c.own_port);
    const auto q = body.find("q");
    if (q == body.end() || !q->is_string()) throw bad_request("Give \"q\", the filter of the records to replay.");
    const auto& text = q->get_ref<const std::string&>();
    std::size_t limit = limits::replayed;
    if (const auto given = body.find("limit"); given != body.end()) {
        const bool fits = given->is_number_integer() && given->get<double>() >= 1 &&
                          given->get<double>() <= static_cast<double>(limits::replayed);
        if (!fits) throw bad_request("\"limit\" is an integer from 1 to 1000.");
        limit = given->get<std::size_t>();
    }
    page_request next;
    next.filter = parse_filter(text);
    next.limit = limits::largest_page;
    next.oldest_first = true;
    const bool with_replays = names_replays(text);
    std::vector<record_id> ids;
    for (bool more = true; more;) {
        const auto page = read_page(c.s, next);
        for (const auto& r : page.items) {
            if (with_replays || r.origin != record_origin::replay) ids.push_back(r.id);
        }
        if (ids.size() > limit) {
            throw api_error(413, "too_many",
                            "More than " + std::to_string(limit) + " records match; narrow the filter.");
        }
        next.after = page.next;
        more = page.next != 0;
    }
    if (ids.empty()) return results_response(std::vector<replay_result>{});
    return start_replay(c, std::move(ids), std::move(options), results_response);
}

reply watch_exchange(const call& c) {
    const auto id = id_of(c);
    auto options = parse_replay(json_object(c), c.own_port);
    (void)summary_of(c, id);
    if (const auto refusal = c.s.replays.watch(id, std::move(options))) throw error_of(*refusal);
    c.s.feed.status_changed();
    const auto watches = c.s.replays.watches();
    const auto own = std::ranges::find(watches, id, &watch_info::id);
    if (own == watches.end()) throw not_found("The watch ended at once.");
    return json_response(watch_json(*own), 201);
}

reply unwatch_exchange(const call& c) {
    if (!c.s.replays.unwatch(id_of(c))) throw not_found("This record is not watched.");
    c.s.feed.status_changed();
    return no_content();
}

reply list_watches(const call& c) {
    auto items = ordered_json::array();
    for (const auto& watch : c.s.replays.watches()) items.push_back(watch_json(watch));
    return json_response(ordered_json::object({{"items", std::move(items)}}));
}

reply ngrok_replay(const call& c) {
    const auto body = json_object(c);
    const auto given = body.find("id");
    if (given == body.end() || !given->is_string()) throw bad_request("Give \"id\", the id of a request.");
    const auto id = parse_record_id(given->get_ref<const std::string&>());
    if (!id || *id == 0) throw not_found("There is no request with this id.");
    (void)summary_of(c, *id);
    return start_replay(c, {*id}, {}, [](const replay_outcome& outcome) {
        const auto* refusal = std::get_if<replay_refusal>(&outcome);
        return refusal ? error_response(error_of(*refusal)) : no_content();
    });
}

}  // namespace tunnel::inspector_http::handlers
