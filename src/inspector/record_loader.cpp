#include <algorithm>
#include <cstring>

#include "inspector/packed.hpp"
#include "inspector/record_rows.hpp"

namespace tunnel::inspector {

namespace {

std::optional<duration> phase(const sqlite::statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return duration(row.integer(column));
}

sha256_bytes digest(const sqlite::statement& row, int column) {
    sha256_bytes result{};
    const auto bytes = row.bytes(column);
    std::memcpy(result.data(), bytes.data(), std::min(bytes.size(), result.size()));
    return result;
}

std::vector<std::string> split(std::string_view labels) {
    std::vector<std::string> result;
    while (labels.size() > 1) {
        labels.remove_prefix(1);
        const auto comma = std::min(labels.find(','), labels.size());
        result.emplace_back(labels.substr(0, comma));
        labels.remove_prefix(comma);
    }
    return result;
}

}  // namespace

record read_summary(const sqlite::statement& row) {
    record r;
    r.id = row.number(0);
    r.parent = row.number(1);
    r.origin = static_cast<record_origin>(row.integer(2));
    r.state = static_cast<record_state>(row.integer(3));
    r.arrived = time_point(duration(row.integer(4)));
    r.caller = row.text(5);
    r.public_url = row.text(6);
    r.app = row.text(7);
    r.request.method = row.text(8);
    r.request.target = row.text(9);
    r.response.status = static_cast<int>(row.integer(10));
    r.outcome = row.text(11);
    r.phases = {phase(row, 12), phase(row, 13), phase(row, 14), phase(row, 15), phase(row, 16)};
    r.request.body.length = row.number(17);
    r.response.body.length = row.number(18);
    r.request.body.sha256 = digest(row, 19);
    r.response.body.sha256 = digest(row, 20);
    r.labels = split(row.bytes(21));
    r.webhook = {row.text(22), row.text(23), row.text(24), static_cast<signature_verdict>(row.integer(25))};
    r.note = {row.integer(26) != 0, row.text(27)};
    r.messages_dropped = row.number(28);
    r.among_attempts.duplicate = row.integer(29) != 0;
    return r;
}

record_loader::record_loader(const sqlite::connection& from)
    : fields_(from.prepare("SELECT request_fields, response_fields, request_trailers, response_trailers FROM head "
                           "WHERE id = ?")),
      raw_(from.prepare("SELECT request_received, request_sent, response, interim FROM head WHERE id = ?")),
      body_(from.prepare("SELECT side, data FROM body WHERE id = ?")),
      messages_(from.prepare("SELECT sequence, direction, kind, compressed, at, length, data FROM message "
                             "WHERE id = ? ORDER BY sequence")),
      events_(from.prepare("SELECT sequence, at, type, event_id, length, data FROM event WHERE id = ? "
                           "ORDER BY sequence")) {}

void record_loader::load_fields(record& r) {
    const sqlite::use row(fields_);
    if (!row->bind(1, r.id).step()) return;
    r.request.fields = unpack_fields(row->bytes(0));
    r.response.fields = unpack_fields(row->bytes(1));
    r.request.trailers = unpack_fields(row->bytes(2));
    r.response.trailers = unpack_fields(row->bytes(3));
}

void record_loader::load_raw_heads(record& r) {
    const sqlite::use row(raw_);
    if (!row->bind(1, r.id).step()) return;
    r.request.raw_received = row->text(0);
    r.request.raw_sent = row->text(1);
    r.response.raw_head = row->text(2);
    r.response.interim = unpack_heads(row->bytes(3));
}

void record_loader::load_bodies(record& r) {
    const sqlite::use row(body_);
    row->bind(1, r.id);
    while (row->step()) (row->integer(0) == 0 ? r.request.body : r.response.body).bytes = row->text(1);
}

void record_loader::load_parts(record& r) {
    const sqlite::use row(messages_);
    row->bind(1, r.id);
    while (row->step()) {
        r.messages.push_back({row->number(0), static_cast<message_direction>(row->integer(1)),
                              static_cast<message_kind>(row->integer(2)), row->integer(3) != 0,
                              duration(row->integer(4)), row->number(5), row->text(6)});
    }
    const sqlite::use event(events_);
    event->bind(1, r.id);
    while (event->step()) {
        r.events.push_back({event->number(0), duration(event->integer(1)), event->text(2), event->text(3),
                            event->number(4), event->text(5)});
    }
}

}  // namespace tunnel::inspector
