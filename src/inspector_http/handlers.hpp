#pragma once

#include "inspector_http/router.hpp"

/// One function a route of docs/inspector-api.yaml. They run on a worker; errors are thrown as api_error.
namespace tunnel::inspector_http::handlers {

reply get_status(const call& c);
reply list_exchanges(const call& c);
reply clear_exchanges(const call& c);
reply get_exchange(const call& c);
reply annotate_exchange(const call& c);
reply delete_exchange(const call& c);
reply get_body(const call& c);
reply view_body(const call& c);
reply get_head(const call& c);
reply list_messages(const call& c);
reply diff_exchanges(const call& c);
reply get_chart(const call& c);
reply wait(const call& c);
reply get_now(const call& c);
reply stream_events(const call& c);

reply export_exchange(const call& c);
reply export_matching(const call& c);
reply import_records(const call& c);

reply replay_exchange(const call& c);
reply replay_matching(const call& c);
reply watch_exchange(const call& c);
reply unwatch_exchange(const call& c);
reply list_watches(const call& c);

reply list_faults(const call& c);
reply add_fault(const call& c);
reply clear_faults(const call& c);
reply remove_fault(const call& c);
reply list_stub(const call& c);

reply ngrok_tunnels(const call& c);
reply ngrok_endpoints(const call& c);
reply ngrok_tunnel(const call& c);
reply ngrok_requests(const call& c);
reply ngrok_request(const call& c);
reply ngrok_replay(const call& c);
reply ngrok_clear(const call& c);
reply ngrok_status(const call& c);

/// The id in the path; 404 where it is not an id.
[[nodiscard]] inspector::record_id id_of(const call& c);
/// The record of the path; 404 where it is not there.
[[nodiscard]] inspector::record record_of(const call& c);
/// As a list shows it; 404 where it is not there.
[[nodiscard]] inspector::record summary_of(const call& c, inspector::record_id id);
/// 503 where the page could not be read.
[[nodiscard]] inspector::history_page read_page(const services& s, const inspector::page_request& request);
/// The body as a JSON object; an empty body is an empty object.
[[nodiscard]] nlohmann::json json_object(const call& c);

}  // namespace tunnel::inspector_http::handlers
