#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/diff.hpp"
#include "inspector/history.hpp"
#include "inspector/record.hpp"
#include "inspector_http/services.hpp"

/// The shapes of docs/inspector-api.yaml.
namespace tunnel::inspector_http {

using nlohmann::ordered_json;

/// Bytes as text: as they are where they are UTF-8, else each as its Latin-1 character.
[[nodiscard]] std::string shown_text(std::string_view bytes);
/// Null for an empty one.
[[nodiscard]] ordered_json text_or_null(std::string_view bytes);
[[nodiscard]] ordered_json id_or_null(inspector::record_id id);

[[nodiscard]] ordered_json summary_json(const inspector::record& r, const inspector::record_relations& relations);
/// Of records as list() gives them.
[[nodiscard]] std::vector<ordered_json> summaries_json(const inspector::history& history,
                                                       const std::vector<inspector::record>& records);
[[nodiscard]] ordered_json exchange_json(const services& s, const inspector::record& whole);

[[nodiscard]] ordered_json view_json(const inspector::body_copy& body, const inspector::field_lines& fields,
                                     std::size_t limit);
[[nodiscard]] ordered_json message_json(const inspector::websocket_message& message);
[[nodiscard]] ordered_json event_json(const inspector::stream_event& event);

[[nodiscard]] ordered_json half_diff_json(const inspector::record_diff& diff, const inspector::record& a,
                                          const inspector::record& b, bool of_request);
[[nodiscard]] ordered_json status_json(const services& s);
[[nodiscard]] ordered_json result_json(const replay_result& result);
[[nodiscard]] ordered_json watch_json(const watch_info& watch);

}  // namespace tunnel::inspector_http
