#include <algorithm>
#include <array>
#include <charconv>

#include "base/latin1.hpp"
#include "inspector/base64_text.hpp"
#include "inspector/body_view.hpp"
#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

ordered_json time_or_null(const std::optional<duration>& time) {
    if (!time) return nullptr;
    return time->count();
}

ordered_json truth_or_null(std::optional<bool> truth) {
    if (!truth) return nullptr;
    return *truth;
}

ordered_json status_or_null(int status) {
    if (status == 0) return nullptr;
    return status;
}

std::string_view content_type(const field_lines& fields) noexcept {
    const auto* found = find_field(fields, "Content-Type");
    return found ? std::string_view{*found} : std::string_view{};
}

/// Without its parameters.
std::string media_type(const field_lines& fields) {
    auto type = content_type(fields);
    type = type.substr(0, type.find(';'));
    const auto last = type.find_last_not_of(" \t");
    return shown_text(type.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

std::string_view kind_of(const record& r, const record_relations& relations) {
    if (relations.websocket || is_websocket(r)) return "websocket";
    return iequals(media_type(r.response.fields), "text/event-stream") ? "event_stream" : "http";
}

ordered_json fields_json(const field_lines& fields) {
    auto list = ordered_json::array();
    for (const auto& [name, value] : fields) list.push_back(ordered_json::array({shown_text(name), shown_text(value)}));
    return list;
}

ordered_json body_json(const body_copy& body, const field_lines& fields) {
    return {{"length", body.length},
            {"kept", body.bytes.size()},
            {"sha256", has_digest(body) ? ordered_json(to_hex(body.sha256)) : ordered_json(nullptr)},
            {"media_type", text_or_null(content_type(fields))}};
}

std::string_view first_line(std::string_view head) noexcept { return head.substr(0, head.find_first_of("\r\n")); }

ordered_json request_json(const request_copy& request) {
    const auto& head = request.raw_received.empty() ? request.raw_sent : request.raw_received;
    // An import has no bytes of a head.
    const auto line =
        head.empty() ? request.method + " " + request.target + " HTTP/1.1" : std::string(first_line(head));
    return {{"start_line", shown_text(line)},
            {"fields", fields_json(request.fields.empty() ? fields_of_head(head) : request.fields)},
            {"trailers", fields_json(request.trailers)},
            {"head_base64", to_base64(head)},
            {"sent_head_base64",
             request.raw_sent.empty() ? ordered_json(nullptr) : ordered_json(to_base64(request.raw_sent))},
            {"body", body_json(request.body, request.fields)}};
}

ordered_json response_json(const response_copy& from) {
    if (from.status == 0) return nullptr;
    const auto line =
        from.raw_head.empty() ? "HTTP/1.1 " + std::to_string(from.status) : std::string(first_line(from.raw_head));
    return {{"start_line", shown_text(line)},
            {"fields", fields_json(from.fields)},
            {"trailers", fields_json(from.trailers)},
            {"head_base64", to_base64(from.raw_head)},
            {"body", body_json(from.body, from.fields)}};
}

ordered_json interim_json(const std::vector<interim_head>& heads) {
    auto list = ordered_json::array();
    for (const auto& head : heads) {
        list.push_back({{"start_line", shown_text(first_line(head.raw))},
                        {"fields", fields_json(fields_of_head(head.raw))},
                        {"trailers", ordered_json::array()},
                        {"head_base64", to_base64(head.raw)},
                        {"body", body_json({}, {})}});
    }
    return list;
}

struct outcome_text {
    std::string_view code;
    std::string_view message;
};

/// What X-Tunnel-Error stands for where the client made the response.
constexpr std::array outcome_texts{
    outcome_text{"local-refused", "Nothing listens on the local port: start the app or correct the port."},
    outcome_text{"local-unreachable", "The local host cannot be reached: check its name and address."},
    outcome_text{"local-timeout", "The local app did not respond in time: check whether it hangs."},
    outcome_text{"local-connect-timeout",
                 "The local app did not accept the connection in time: check whether it hangs."},
    outcome_text{"local-reset", "The local app closed the connection before its response: see the app's log."},
    outcome_text{"local-bad-answer",
                 "The local app's response is not valid HTTP: check that the port speaks plain HTTP/1.1."},
    outcome_text{"caller-closed",
                 "The caller closed its connection first, as one does whose timeout is up, and the app then closed its "
                 "own without a response: compare the duration with the sender's timeout."},
    outcome_text{"caller-gone", "The caller closed its connection before it had the whole response."},
    outcome_text{"tunnel-lost", "The connection to tunnel-server broke before the response was delivered."},
    outcome_text{"local-response-too-large", "The head of the local app's response is too large: shorten its fields."},
    outcome_text{"reset", "The caller's connection was reset on purpose, by a fault."},
    outcome_text{"client_ended", "tunnel-client ended before the exchange did."},
    outcome_text{"overloaded", "There were too many requests at a time."},
};

ordered_json failure_json(const record& r) {
    if (r.outcome.empty()) return nullptr;
    const auto known = std::ranges::find(outcome_texts, std::string_view{r.outcome}, &outcome_text::code);
    auto message = known != outcome_texts.end() ? known->message : "The exchange ended before it was complete.";
    if (r.outcome == "local-reset" && r.state == record_state::aborted) {
        message = "The local app closed the connection before the end of its response: see the app's log.";
    }
    return {{"code", shown_text(r.outcome)}, {"message", message}};
}

bool has_label(const record& r, std::string_view label) { return std::ranges::find(r.labels, label) != r.labels.end(); }

/// Which rule of --stub responded; null where none did, or an older version recorded it.
ordered_json stub_rule(const record& r) {
    constexpr std::string_view before = "stub-";
    for (const auto& label : r.labels) {
        unsigned number = 0;
        if (!label.starts_with(before)) continue;
        const auto* const end = label.data() + label.size();
        const auto [stopped, error] = std::from_chars(label.data() + before.size(), end, number);
        if (error == std::errc() && stopped == end) return number;
    }
    return nullptr;
}

ordered_json relative_json(const record& r, const record& of) {
    const bool ended = r.state != record_state::pending;
    return {{"id", to_string(r.id)},
            {"origin", to_string(r.origin)},
            {"started_at", to_rfc3339(r.arrived)},
            {"status", status_or_null(r.response.status)},
            {"outcome", text_or_null(r.outcome)},
            {"duration_us", time_or_null(total_time(r))},
            {"same_status", ended ? ordered_json(r.response.status == of.response.status) : ordered_json(nullptr)},
            {"same_body", ended ? truth_or_null(same_body(r.response.body, of.response.body)) : ordered_json(nullptr)},
            {"edited", has_label(r, "edited")}};
}

/// Attempts of one delivery, oldest first.
ordered_json attempts_json(const std::vector<record>& attempts, const record& of) {
    auto list = ordered_json::array();
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        auto attempt = relative_json(attempts[i], of);
        attempt["gap_us"] =
            i == 0 ? ordered_json(nullptr) : ordered_json((attempts[i].arrived - attempts[i - 1].arrived).count());
        attempt["duplicate"] = attempts[i].among_attempts.duplicate;
        list.push_back(std::move(attempt));
    }
    return list;
}

}  // namespace

std::string shown_text(std::string_view bytes) { return is_utf8(bytes) ? std::string(bytes) : latin1_to_utf8(bytes); }

ordered_json text_or_null(std::string_view bytes) {
    if (bytes.empty()) return nullptr;
    return shown_text(bytes);
}

ordered_json id_or_null(record_id id) {
    if (id == 0) return nullptr;
    return to_string(id);
}

ordered_json summary_json(const record& r, const record_relations& relations) {
    const bool has_verdict = r.webhook.signature != signature_verdict::none;
    return {{"id", to_string(r.id)},
            {"kind", kind_of(r, relations)},
            {"origin", to_string(r.origin)},
            {"state", to_string(r.state)},
            {"started_at", to_rfc3339(r.arrived)},
            {"method", shown_text(r.request.method)},
            {"target", shown_text(r.request.target)},
            {"host", shown_text(host_of(r))},
            {"status", status_or_null(r.response.status)},
            {"outcome", text_or_null(r.outcome)},
            {"duration_us", r.state == record_state::pending ? ordered_json(nullptr) : time_or_null(total_time(r))},
            {"request_bytes", r.request.body.length},
            {"response_bytes", r.response.body.length},
            {"request_type", text_or_null(media_type(r.request.fields))},
            {"response_type", text_or_null(media_type(r.response.fields))},
            {"caller", text_or_null(r.caller)},
            {"provider", text_or_null(r.webhook.provider)},
            {"event", text_or_null(r.webhook.event)},
            {"delivery", text_or_null(r.webhook.delivery)},
            {"attempt", relations.attempt == 0 ? ordered_json(nullptr) : ordered_json(relations.attempt)},
            {"attempt_gap_us", time_or_null(relations.gap)},
            {"duplicate", r.among_attempts.duplicate},
            {"signature", has_verdict ? ordered_json(to_string(r.webhook.signature)) : ordered_json(nullptr)},
            {"parent", id_or_null(r.parent)},
            {"replays", relations.replays},
            {"marked", r.note.marked},
            {"comment", text_or_null(r.note.comment)},
            {"edited", has_label(r, "edited")},
            {"fault", has_label(r, "fault")},
            {"held", has_label(r, "held")},
            {"stub", has_label(r, "stub")},
            {"stub_rule", stub_rule(r)},
            {"truncated", relations.truncated},
            {"messages", relations.messages}};
}

std::vector<ordered_json> summaries_json(const history& history, const std::vector<record>& records) {
    std::vector<record_id> ids;
    ids.reserve(records.size());
    for (const auto& r : records) ids.push_back(r.id);
    const auto relations = history.relations(ids);
    std::vector<ordered_json> list;
    list.reserve(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) list.push_back(summary_json(records[i], relations[i]));
    return list;
}

ordered_json exchange_json(const services& s, const record& whole) {
    const auto relations = s.history.relations({whole.id});
    auto result = summary_json(whole, relations.front());
    result["public_url"] = text_or_null(whole.public_url);
    result["app"] = text_or_null(whole.app);
    result["request"] = request_json(whole.request);
    result["response"] = response_json(whole.response);
    result["interim"] = interim_json(whole.response.interim);
    result["timing"] = {{"connect_us", time_or_null(whole.phases.queued)},
                        {"connected_us", time_or_null(whole.phases.connected)},
                        {"sent_us", time_or_null(whole.phases.sent)},
                        {"first_byte_us", time_or_null(whole.phases.first_byte)},
                        {"last_byte_us", time_or_null(whole.phases.last_byte)}};
    result["failure"] = failure_json(whole);
    result["verification"] = s.verify ? s.verify(whole) : ordered_json(nullptr);
    auto children = ordered_json::array();
    auto replays = s.history.children(whole.id);
    std::ranges::reverse(replays);
    if (replays.size() > limits::related) replays.resize(limits::related);
    for (const auto& child : replays) children.push_back(relative_json(child, whole));
    result["children"] = std::move(children);
    auto same = s.history.attempts(whole.webhook.provider, whole.webhook.delivery);
    if (same.size() > limits::related) same.resize(limits::related);
    result["attempts"] = attempts_json(same, whole);
    return result;
}

}  // namespace tunnel::inspector_http
