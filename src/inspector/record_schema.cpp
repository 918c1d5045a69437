#include "inspector/limits.hpp"
#include "inspector/record_rows.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::string_view schema = R"sql(
CREATE TABLE exchange(
    id INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    state INTEGER NOT NULL,
    arrived INTEGER NOT NULL,          -- microseconds since 1970, UTC
    caller TEXT NOT NULL,
    public_url TEXT NOT NULL,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    app TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    queued INTEGER, connected INTEGER, sent INTEGER, first_byte INTEGER, last_byte INTEGER,
    request_length INTEGER NOT NULL,
    response_length INTEGER NOT NULL,
    request_sha256 BLOB NOT NULL,
    response_sha256 BLOB NOT NULL,
    request_type TEXT NOT NULL,        -- Content-Type
    response_type TEXT NOT NULL,
    truncated INTEGER NOT NULL,
    websocket INTEGER NOT NULL,
    labels TEXT NOT NULL,              -- a comma before, between and after them
    provider TEXT NOT NULL, event TEXT NOT NULL, delivery TEXT NOT NULL, signature INTEGER NOT NULL,
    marked INTEGER NOT NULL, comment TEXT NOT NULL,
    messages_dropped INTEGER NOT NULL);
CREATE INDEX exchange_parent ON exchange(parent) WHERE parent <> 0;
CREATE INDEX exchange_delivery ON exchange(delivery) WHERE delivery <> '';
CREATE INDEX exchange_pending ON exchange(id) WHERE state = 0;
CREATE TABLE head(
    id INTEGER PRIMARY KEY,
    request_fields BLOB NOT NULL, response_fields BLOB NOT NULL,
    request_received BLOB NOT NULL, request_sent BLOB NOT NULL, response BLOB NOT NULL,
    request_trailers BLOB NOT NULL, response_trailers BLOB NOT NULL, interim BLOB NOT NULL);
CREATE TABLE body(id INTEGER NOT NULL, side INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE(id, side));
CREATE TABLE message(
    id INTEGER NOT NULL, sequence INTEGER NOT NULL, direction INTEGER NOT NULL, kind INTEGER NOT NULL,
    compressed INTEGER NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL, data BLOB NOT NULL,
    UNIQUE(id, sequence));
CREATE TABLE event(
    id INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, event_id TEXT NOT NULL,
    length INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE(id, sequence));
CREATE TABLE session(number INTEGER PRIMARY KEY, pid INTEGER NOT NULL, started TEXT NOT NULL);
CREATE TABLE totals(one INTEGER PRIMARY KEY CHECK (one = 1), records INTEGER NOT NULL, marked INTEGER NOT NULL,
    last_session INTEGER NOT NULL);
INSERT INTO totals VALUES (1, 0, 0, 0);
CREATE TRIGGER exchange_added AFTER INSERT ON exchange BEGIN
    UPDATE totals SET records = records + 1, marked = marked + new.marked;
END;
CREATE TRIGGER exchange_marked AFTER UPDATE OF marked ON exchange WHEN old.marked <> new.marked BEGIN
    UPDATE totals SET marked = marked + new.marked - old.marked;
END;
CREATE TRIGGER exchange_removed AFTER DELETE ON exchange BEGIN
    UPDATE totals SET records = records - 1, marked = marked - old.marked;
    DELETE FROM head WHERE id = old.id;
    DELETE FROM body WHERE id = old.id;
    DELETE FROM message WHERE id = old.id;
    DELETE FROM event WHERE id = old.id;
END;
)sql";

}  // namespace

std::string_view history_schema() { return schema; }

const std::string& duplicate_condition() {
    static const std::string condition =
        "(delivery <> '' AND status BETWEEN 200 AND 299 AND EXISTS (SELECT 1 FROM (SELECT a.status AS earlier FROM "
        "exchange a WHERE a.delivery = exchange.delivery AND a.delivery <> '' AND a.provider = exchange.provider AND "
        "a.id < exchange.id ORDER BY a.id DESC LIMIT " +
        std::to_string(limits::earlier_attempts) + ") WHERE earlier BETWEEN 200 AND 299))";
    return condition;
}

const std::string& summary_columns() {
    static const std::string columns =
        "exchange.id, parent, origin, state, arrived, caller, public_url, app, method, target, status, outcome, "
        "queued, connected, sent, first_byte, last_byte, request_length, response_length, request_sha256, "
        "response_sha256, labels, provider, event, delivery, signature, marked, comment, messages_dropped, " +
        duplicate_condition();
    return columns;
}

}  // namespace tunnel::inspector
