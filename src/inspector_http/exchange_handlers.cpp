#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "inspector/json_text.hpp"
#include "inspector/record_id.hpp"
#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

struct removal {
    std::uint64_t records = 0;
    record_id next = 0;  ///< where to go on; 0: all that matched were deleted
};

/// Deletes what matches and is older than `before`, as far as that gets in the time of a list.
removal remove_matching(const call& c, const query& filter, record_id before, bool marked_too) {
    removal done;
    page_request next;
    next.filter = filter;
    next.before = before;
    next.limit = limits::largest_page;
    const auto deadline = std::chrono::steady_clock::now() + next.time;
    for (;;) {
        const auto page = read_page(c.s, next);
        std::vector<record_id> ids;
        for (const auto& r : page.items) {
            if (marked_too || !r.note.marked) ids.push_back(r.id);
        }
        done.records += ids.size();
        if (!ids.empty()) c.s.history.remove(std::move(ids));
        done.next = next.before = page.next;
        if (page.next == 0 || std::chrono::steady_clock::now() >= deadline) return done;
    }
}

std::size_t characters(std::string_view text) noexcept { return code_points_before(text, text.size()); }

}  // namespace

nlohmann::json json_object(const call& c) {
    const auto& text = c.received.body;
    if (text.empty()) return nlohmann::json::object();
    const auto extent = extent_of(text);
    if (extent.depth > limits::json_depth) throw bad_request("The body nests too deeply.");
    if (extent.values > limits::json_values) {
        throw api_error(413, "too_large",
                        "The body has more than " + std::to_string(limits::json_values) +
                            " values, which is more than any request of this API needs; send an edited body as "
                            "\"body_text\" or \"body_base64\".");
    }
    auto value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) throw bad_request("The body is not JSON.");
    if (!value.is_object()) throw bad_request("The body is JSON, but not an object.");
    return value;
}

reply get_status(const call& c) { return json_response(status_json(c.s)); }

reply list_exchanges(const call& c) {
    const auto p = c.params();
    page_request wanted;
    wanted.filter = p.filter();
    wanted.before = p.id("before");
    wanted.after = p.id("after");
    wanted.limit = p.integer("limit", {1, limits::largest_page}, limits::default_page);
    const auto page = read_page(c.s, wanted);
    ordered_json result{{"items", summaries_json(c.s.history, page.items)}, {"next", id_or_null(page.next)}};
    const bool out_of_time = page.next != 0 && page.items.size() < wanted.limit;
    result["searched_back_to"] = out_of_time ? ordered_json(to_rfc3339(page.searched_to)) : ordered_json(nullptr);
    return json_response(result);
}

reply clear_exchanges(const call& c) {
    const auto p = c.params();
    const auto filter = p.filter();
    const bool marked_too = p.flag("marked");
    const auto before = p.id("before");
    removal done;
    if (before == 0 && p.filter_text().find_first_not_of(" \t") == std::string_view::npos) {
        // All at once, which also wipes them from the file.
        const auto status = c.s.history.status();
        done.records = marked_too ? status.records : status.records - std::min(status.records, status.marked);
        c.s.history.clear(!marked_too);
    } else {
        done = remove_matching(c, filter, before, marked_too);
    }
    c.s.history.flush();
    return json_response({{"removed", done.records}, {"next", id_or_null(done.next)}});
}

reply get_exchange(const call& c) { return json_response(exchange_json(c.s, record_of(c))); }

reply annotate_exchange(const call& c) {
    const auto id = id_of(c);
    const auto change = json_object(c);
    auto note = summary_of(c, id).note;
    if (change.empty()) throw bad_request("Give \"marked\" or \"comment\".");
    for (const auto& [name, value] : change.items()) {
        if (name == "marked" && value.is_boolean()) {
            note.marked = value.get<bool>();
        } else if (name == "comment" && value.is_null()) {
            note.comment.clear();
        } else if (name == "comment" && value.is_string()) {
            note.comment = value.get<std::string>();
            if (characters(note.comment) > limits::comment_characters) {
                throw bad_request("A comment has at most 4096 characters.");
            }
        } else {
            throw bad_request("A record takes \"marked\" (true or false) and \"comment\" (text or null).");
        }
    }
    c.s.history.annotate(id, std::move(note));
    c.s.history.flush();
    return json_response(summary_json(summary_of(c, id), c.s.history.relations({id}).front()));
}

reply delete_exchange(const call& c) {
    const auto id = id_of(c);
    (void)summary_of(c, id);
    c.s.history.remove({id});
    c.s.history.flush();
    return no_content();
}

reply diff_exchanges(const call& c) {
    const auto p = c.params();
    auto a = p.id("a");
    auto b = p.id("b");
    if (!p.find("a")) throw bad_request("Give \"a\", the id of a record.");
    const auto whole = [&](record_id id) {
        auto found = c.s.history.find(id);
        if (!found) throw not_found("There is no record " + to_string(id) + "; it may have been deleted.");
        return std::move(*found);
    };
    auto first = whole(a);
    if (b == 0) {
        const auto replays = c.s.history.children(a);
        b = a;
        if (!replays.empty())
            b = replays.back().id;
        else
            a = first.parent;
        if (a == 0)
            throw api_error(404, "no_counterpart", "This record has no replay and is not a replay; give \"b\" too.");
        if (replays.empty()) first = whole(a);
    }
    const auto second = whole(b);
    const auto diff = compare(first, second);
    const auto relations = c.s.history.relations({a, b});
    auto request = half_diff_json(diff, first, second, true);
    auto response_part = half_diff_json(diff, first, second, false);
    const bool equal = request.at("equal").get<bool>() && response_part.at("equal").get<bool>();
    return json_response({{"a", summary_json(first, relations[0])},
                          {"b", summary_json(second, relations[1])},
                          {"equal", equal},
                          {"request", std::move(request)},
                          {"response", std::move(response_part)}});
}

}  // namespace tunnel::inspector_http::handlers
