#include "inspection/replay_message.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/field_rules.hpp"
#include "http/writable.hpp"
#include "inspection/capture.hpp"
#include "inspection/json_splice.hpp"
#include "inspection/webhook_judge.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspection {

using inspector::field_lines;
using inspector_http::refusal_code;
using inspector_http::replay_edits;
using inspector_http::replay_refusal;

namespace {

/// The request while it is edited.
struct draft {
    std::string method;
    std::string target;
    field_lines fields;
    std::string body;
    field_lines trailers;
};

void set_field(field_lines& fields, const std::string& name, const std::string& value) {
    const auto same = [&](const inspector::field_line& f) { return iequals(f.first, name); };
    const auto first = std::ranges::find_if(fields, same);
    if (first == fields.end()) {
        fields.emplace_back(name, value);
        return;
    }
    *first = {name, value};
    fields.erase(std::remove_if(first + 1, fields.end(), same), fields.end());
}

std::optional<std::string> take_raw(draft& to, std::string_view raw) {
    const auto crlf = raw.find("\r\n\r\n");
    const auto lf = raw.find("\n\n");
    const auto end = std::min(crlf == raw.npos ? raw.npos : crlf + 4, lf == raw.npos ? raw.npos : lf + 2);
    const auto head = raw.substr(0, end);
    const auto line = head.substr(0, head.find_first_of("\r\n"));
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (end == raw.npos || first == line.npos || first == last)
        return "the raw message is not a request: it needs a line such as \"POST /hook HTTP/1.1\", fields and an empty "
               "line";
    to.method = line.substr(0, first);
    to.target = line.substr(first + 1, last - first - 1);
    to.fields = inspector::fields_of_head(head);
    to.body = raw.substr(end);
    to.trailers.clear();
    return std::nullopt;
}

std::optional<std::string> apply(draft& to, const replay_edits& edits) {
    if (edits.raw) {
        if (auto problem = take_raw(to, *edits.raw)) return problem;
    }
    if (edits.method) to.method = *edits.method;
    if (edits.target) to.target = *edits.target;
    if (edits.fields) to.fields = *edits.fields;
    for (const auto& [name, value] : edits.set) set_field(to.fields, name, value);
    for (const auto& name : edits.unset)
        std::erase_if(to.fields, [&](const auto& f) { return iequals(f.first, name); });
    if (edits.body) to.body = *edits.body;
    for (const auto& edit : edits.json) {
        if (auto problem = splice_json(to.body, edit.pointer, edit.value); !problem.empty()) return problem;
    }
    return std::nullopt;
}

std::optional<std::string> sign_again(draft& to, const inspector::record& of, const webhook_judge* judge) {
    if (judge == nullptr) return "No secret is known with which the request could be signed again.";
    webhook::delivery request;
    request.method = to.method;
    request.target = to.target;
    request.fields = to.fields;
    request.body = to.body;
    if (to.target == of.request.target) request.url = of.public_url;
    auto changes = judge->sign_again(request);
    if (!changes.refusal.empty()) return std::move(changes.refusal);
    for (const auto& [name, value] : changes.fields) set_field(to.fields, name, value);
    if (changes.target) to.target = std::move(*changes.target);
    if (changes.body) to.body = std::move(*changes.body);
    return std::nullopt;
}

/// Fields of the connection become what the head says of its framing; the rest stays as it is.
replay_message to_message(draft&& from) {
    replay_message message;
    auto& head = message.head;
    head.method = std::move(from.method);
    head.target = std::move(from.target);
    for (const auto& [name, value] : from.fields) {
        switch (http::connection_field_from(name)) {
            case http::connection_field::content_length:
                head.content_length = from.body.size();
                head.content_length_at = static_cast<std::uint32_t>(head.fields.size());
                break;
            case http::connection_field::transfer_encoding:
                message.chunked = true;
                break;
            case http::connection_field::te:
                head.accepts_trailers = value.find("trailers") != std::string::npos;
                break;
            case http::connection_field::none:
                head.fields.add(name, value);
                break;
            default:
                break;
        }
    }
    if (message.chunked) {
        head.content_length.reset();
        for (const auto& [name, value] : from.trailers) message.trailers.add(name, value);
    } else if (!from.body.empty()) {
        head.content_length = from.body.size();
    }
    message.body = std::move(from.body);
    return message;
}

std::optional<replay_refusal> refuse(const inspector::record& of, const inspector_http::replay_options& options) {
    if (of.request.method.empty())
        return replay_refusal{refusal_code::not_replayable, "The record has no request that could be sent."};
    if (inspector::find_field(of.request.fields, "Upgrade") != nullptr)
        return replay_refusal{
            refusal_code::not_replayable,
            "The request switches protocols, as a WebSocket does; such a request cannot be replayed."};
    const auto replaces_body = options.edits && (options.edits->raw || options.edits->body);
    const auto incomplete = std::ranges::find(of.labels, incomplete_request) != of.labels.end();
    if ((of.request.body.truncated() || incomplete) && !options.allow_truncated && !replaces_body)
        return replay_refusal{refusal_code::body_truncated,
                              "Not all of the request's body was kept; raise --inspect-body-bytes for the next ones, "
                              "or allow the cut body to be sent."};
    return std::nullopt;
}

}  // namespace

std::variant<replay_message, replay_refusal> make_replay(const inspector::record& of,
                                                         const inspector_http::replay_options& options,
                                                         const webhook_judge* judge) {
    if (auto refused = refuse(of, options)) return std::move(*refused);
    draft from{of.request.method, of.request.target, of.request.fields, of.request.body.bytes, of.request.trailers};
    if (options.edits) {
        if (auto problem = apply(from, *options.edits))
            return replay_refusal{refusal_code::bad_edit, std::move(*problem)};
    }
    if (options.resign) {
        if (auto problem = sign_again(from, of, judge))
            return replay_refusal{refusal_code::cannot_sign, std::move(*problem)};
    }
    std::erase_if(from.fields, [](const auto& f) { return iequals(f.first, replay_field); });
    if (!options.exact) from.fields.emplace_back(replay_field, inspector::to_string(of.id));
    auto message = to_message(std::move(from));
    message.edited = options.edits.has_value();
    if (!http::is_writable(message.head) || !http::is_writable(message.trailers)) {
        return replay_refusal{refusal_code::bad_edit,
                              "The request is not valid HTTP: look for blanks in the method or target, line ends in a "
                              "field, or a second Host."};
    }
    return message;
}

}  // namespace tunnel::inspection
