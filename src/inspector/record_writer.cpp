#include <algorithm>
#include <chrono>
#include <string>

#include "inspector/limits.hpp"
#include "inspector/packed.hpp"
#include "inspector/record_id.hpp"
#include "inspector/record_rows.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::string_view insert_exchange = R"sql(
INSERT INTO exchange VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37)
ON CONFLICT(id) DO UPDATE SET
    parent = excluded.parent, origin = excluded.origin, state = excluded.state, arrived = excluded.arrived,
    caller = excluded.caller, public_url = excluded.public_url, url = excluded.url, host = excluded.host,
    app = excluded.app, method = excluded.method, target = excluded.target, path = excluded.path,
    query = excluded.query, status = excluded.status, outcome = excluded.outcome, queued = excluded.queued,
    connected = excluded.connected, sent = excluded.sent, first_byte = excluded.first_byte,
    last_byte = excluded.last_byte, request_length = excluded.request_length,
    response_length = excluded.response_length, request_sha256 = excluded.request_sha256,
    response_sha256 = excluded.response_sha256, request_type = excluded.request_type,
    response_type = excluded.response_type, truncated = excluded.truncated,
    websocket = max(websocket, excluded.websocket), labels = excluded.labels,
    event = iif(excluded.provider <> '', excluded.event, event),
    delivery = iif(excluded.provider <> '', excluded.delivery, delivery),
    signature = iif(excluded.provider <> '', excluded.signature, signature),
    provider = iif(excluded.provider <> '', excluded.provider, provider),
    messages_dropped = max(messages_dropped, excluded.messages_dropped)
)sql";

std::optional<std::int64_t> count_of(const std::optional<duration>& phase) {
    if (!phase) return std::nullopt;
    return phase->count();
}

std::string joined(const std::vector<std::string>& labels) {
    std::string text = labels.empty() ? "" : ",";
    for (const auto& label : labels) text += label + ",";
    return text;
}

std::string_view bytes_of(const sha256_bytes& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string_view content_type(const field_lines& fields) {
    const auto* found = find_field(fields, "Content-Type");
    return found ? std::string_view{*found} : std::string_view{};
}

}  // namespace

record_writer::record_writer(sqlite::connection& to)
    : exchange_(to.prepare(insert_exchange)),
      head_(to.prepare("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
      body_(to.prepare("INSERT OR REPLACE INTO body VALUES (?, ?, ?)")),
      no_body_(to.prepare("DELETE FROM body WHERE id = ? AND side = ?")),
      message_(to.prepare("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)")),
      event_(to.prepare("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)")),
      dropped_(
          to.prepare("UPDATE exchange SET messages_dropped = max(messages_dropped, ?2), websocket = max(websocket, "
                     "?3) WHERE id = ?1")),
      user_note_(to.prepare("UPDATE exchange SET marked = ?2, comment = ?3 WHERE id = ?1")),
      webhook_note_(
          to.prepare("UPDATE exchange SET provider = ?2, event = ?3, delivery = ?4, signature = ?5 WHERE id = ?1")),
      remove_(to.prepare("DELETE FROM exchange WHERE id = ?")),
      abandon_(to.prepare("UPDATE exchange SET state = ?2, outcome = ?3 WHERE id = ?1 AND state = 0")),
      has_(to.prepare("SELECT 1 FROM exchange WHERE id = ?")),
      newest_between_(to.prepare("SELECT max(id) FROM exchange WHERE id >= ? AND id < ?")),
      later_attempts_(to.prepare("SELECT id FROM exchange WHERE delivery = ? AND delivery <> '' AND provider = ? AND "
                                 "id > ? ORDER BY id LIMIT ?")) {}

void record_writer::put(const record& r) {
    put_exchange(r);
    put_head(r);
    const bool replace = r.state != record_state::pending;
    put_body(r.id, 0, r.request.body, replace);
    put_body(r.id, 1, r.response.body, replace);
    put_parts(r);
}

void record_writer::put_exchange(const record& r) {
    const sqlite::use insert(exchange_);
    const auto url = url_of(r);
    const auto host = host_of(r);
    const auto labels = joined(r.labels);
    insert->bind(1, r.id).bind(2, r.parent).bind(3, static_cast<int>(r.origin)).bind(4, static_cast<int>(r.state));
    insert->bind(5, std::int64_t{r.arrived.time_since_epoch().count()});
    insert->bind(6, r.caller).bind(7, r.public_url).bind(8, url).bind(9, host).bind(10, r.app);
    insert->bind(11, r.request.method).bind(12, r.request.target).bind(13, path_of(r)).bind(14, query_of(r));
    insert->bind(15, r.response.status).bind(16, r.outcome);
    insert->bind_optional(17, count_of(r.phases.queued)).bind_optional(18, count_of(r.phases.connected));
    insert->bind_optional(19, count_of(r.phases.sent)).bind_optional(20, count_of(r.phases.first_byte));
    insert->bind_optional(21, count_of(r.phases.last_byte));
    insert->bind(22, r.request.body.length).bind(23, r.response.body.length);
    insert->bind_blob(24, bytes_of(r.request.body.sha256)).bind_blob(25, bytes_of(r.response.body.sha256));
    insert->bind(26, content_type(r.request.fields)).bind(27, content_type(r.response.fields));
    insert->bind(28, is_truncated(r) ? 1 : 0).bind(29, is_websocket(r) ? 1 : 0).bind(30, labels);
    insert->bind(31, r.webhook.provider).bind(32, r.webhook.event).bind(33, r.webhook.delivery);
    insert->bind(34, static_cast<int>(r.webhook.signature));
    insert->bind(35, r.note.marked ? 1 : 0).bind(36, r.note.comment).bind(37, r.messages_dropped);
    insert->run();
}

void record_writer::put_head(const record& r) {
    const sqlite::use insert(head_);
    const auto request_fields = pack(r.request.fields);
    const auto response_fields = pack(r.response.fields);
    const auto request_trailers = pack(r.request.trailers);
    const auto response_trailers = pack(r.response.trailers);
    const auto interim = pack(r.response.interim);
    insert->bind(1, r.id).bind_blob(2, request_fields).bind_blob(3, response_fields);
    insert->bind_blob(4, r.request.raw_received).bind_blob(5, r.request.raw_sent).bind_blob(6, r.response.raw_head);
    insert->bind_blob(7, request_trailers).bind_blob(8, response_trailers).bind_blob(9, interim);
    insert->run();
}

void record_writer::put_body(record_id id, int side, const body_copy& body, bool replace) {
    if (!body.bytes.empty()) {
        const sqlite::use insert(body_);
        insert->bind(1, id).bind(2, side).bind_blob(3, body.bytes).run();
    } else if (replace) {
        const sqlite::use remove(no_body_);
        remove->bind(1, id).bind(2, side).run();
    }
}

void record_writer::put_parts(const record& r) {
    for (const auto& m : r.messages) {
        const sqlite::use insert(message_);
        insert->bind(1, r.id).bind(2, m.sequence).bind(3, static_cast<int>(m.direction));
        insert->bind(4, static_cast<int>(m.kind)).bind(5, m.compressed ? 1 : 0).bind(6, std::int64_t{m.at.count()});
        insert->bind(7, m.length).bind_blob(8, m.data).run();
    }
    for (const auto& e : r.events) {
        const sqlite::use insert(event_);
        insert->bind(1, r.id).bind(2, e.sequence).bind(3, std::int64_t{e.at.count()}).bind(4, e.type).bind(5, e.id);
        insert->bind(6, e.length).bind_blob(7, e.data).run();
    }
}

void record_writer::append(const record& part) {
    if (!has(part.id)) return;  // removed meanwhile
    put_parts(part);
    const sqlite::use update(dropped_);
    update->bind(1, part.id).bind(2, part.messages_dropped).bind(3, part.messages.empty() ? 0 : 1).run();
}

void record_writer::annotate(record_id id, const user_note& note) {
    const sqlite::use update(user_note_);
    update->bind(1, id).bind(2, note.marked ? 1 : 0).bind(3, note.comment).run();
}

void record_writer::annotate(record_id id, const webhook_note& note) {
    const sqlite::use update(webhook_note_);
    update->bind(1, id).bind(2, note.provider).bind(3, note.event).bind(4, note.delivery);
    update->bind(5, static_cast<int>(note.signature)).run();
}

void record_writer::remove(record_id id) {
    const sqlite::use statement(remove_);
    statement->bind(1, id).run();
}

void record_writer::abandon(record_id id, std::string_view outcome) {
    const sqlite::use update(abandon_);
    update->bind(1, id).bind(2, static_cast<int>(record_state::aborted)).bind(3, outcome).run();
}

std::vector<record_id> record_writer::later_attempts(const record& r) {
    std::vector<record_id> ids;
    if (r.webhook.delivery.empty()) return ids;
    const sqlite::use rows(later_attempts_);
    rows->bind(1, r.webhook.delivery).bind(2, r.webhook.provider).bind(3, r.id).bind(4, limits::later_attempts);
    while (rows->step()) ids.push_back(rows->number(0));
    return ids;
}

bool record_writer::has(record_id id) {
    const sqlite::use query(has_);
    return query->bind(1, id).step();
}

// By one query: trying one id after the other would be slow where all records of a file have the same time of arrival.
record_id record_writer::free_id_from(record_id first) {
    for (;;) {
        const auto end = first_id_at(time_of(first) + std::chrono::milliseconds(1));
        const sqlite::use newest(newest_between_);
        newest->bind(1, first).bind(2, end);
        if (!newest->step() || newest->is_null(0)) return first;
        first = newest->number(0) + 1;
        if (first < end) return first;
    }
}

}  // namespace tunnel::inspector
