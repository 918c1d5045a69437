#include "inspector/history_reader.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "inspector/record_id.hpp"

namespace tunnel::inspector {

namespace {

/// Records that are scanned between two looks at the clock and two cursors. Rows of a scan cost some microseconds.
constexpr int chunk_records = 1000;
/// SQLite's integers, and so ids, end here.
constexpr record_id last_id = std::numeric_limits<std::int64_t>::max();
/// Attempts and replays shown of one record.
constexpr std::string_view related_limit = " LIMIT 1000";

using clock = std::chrono::steady_clock;

void bind_all(sqlite::statement& rows, const sql_condition& condition) {
    int at = 0;
    for (const auto& value : condition.values) {
        ++at;
        std::visit(
            [&](const auto& v) {
                if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
                    rows.bind(at, std::string_view{v});
                } else {
                    rows.bind(at, v);
                }
            },
            value);
    }
}

}  // namespace

history_reader::history_reader(const std::string& name)
    : connection_(name, SQLITE_OPEN_READONLY | (name.starts_with("file:") ? SQLITE_OPEN_URI : 0),
                  static_cast<int>(limits::busy_time.count())),
      loader_(connection_) {}

std::optional<history_reader::range> history_reader::next_chunk(const range& rest, bool oldest_first) {
    if (rest.first > rest.last) return std::nullopt;
    const std::string order = oldest_first ? "ASC" : "DESC";
    auto bounds = connection_.prepare(
        "SELECT min(id), max(id) FROM (SELECT id FROM exchange WHERE id BETWEEN ? AND ? "
        "ORDER BY id " +
        order + " LIMIT ?)");
    bounds.bind(1, rest.first).bind(2, rest.last).bind(3, chunk_records);
    if (!bounds.step() || bounds.is_null(0)) return std::nullopt;
    return range{bounds.number(0), bounds.number(1)};
}

void history_reader::load_for(const query& filter, record& r) {
    loader_.load_fields(r);
    if (filter.needs() != query_needs::bodies) return;
    loader_.load_bodies(r);
    loader_.load_parts(r);
}

history_page history_reader::list(const page_request& request) {
    history_page page;
    const auto deadline = clock::now() + request.time;
    const auto limit = std::clamp<std::size_t>(request.limit, 1, limits::page_records);
    const bool ascending = request.oldest_first;
    const auto condition = request.filter.prefilter();
    range rest{request.after + 1, request.before == 0 ? last_id : request.before - 1};
    const auto columns = static_cast<int>(condition.values.size());
    auto rows = connection_.prepare("SELECT " + summary_columns() + " FROM exchange WHERE (" + condition.where +
                                    ") AND id BETWEEN ? AND ? ORDER BY id " + (ascending ? "ASC" : "DESC"));
    bind_all(rows, condition);
    // Is past `id` once every record up to it was looked at.
    const auto advance = [&](record_id id) {
        (ascending ? rest.first : rest.last) = ascending ? id + 1 : id - 1;
        page.searched_to = time_of(id);
    };
    bool out_of_time = false;
    while (!out_of_time && page.items.size() < limit) {
        const auto chunk = next_chunk(rest, ascending);
        if (!chunk) return page;  // the end: `next` stays 0
        const sqlite::use chunk_rows(rows);
        rows.bind(columns + 1, chunk->first).bind(columns + 2, chunk->last);
        while (!out_of_time && page.items.size() < limit && rows.step()) {
            auto r = read_summary(rows);
            const auto id = r.id;
            if (condition.exact) {
                loader_.load_fields(r);
                page.items.push_back(std::move(r));
            } else {
                load_for(request.filter, r);
                if (request.filter.match(r)) {
                    r.request.body.bytes.clear();
                    r.response.body.bytes.clear();
                    r.messages.clear();
                    r.events.clear();
                    page.items.push_back(std::move(r));
                }
                out_of_time = clock::now() >= deadline;
            }
            advance(id);
        }
        if (!out_of_time && page.items.size() < limit) {
            advance(ascending ? chunk->last : chunk->first);
            out_of_time = clock::now() >= deadline;
        }
    }
    if (next_chunk(rest, ascending)) page.next = ascending ? rest.first - 1 : rest.last + 1;
    return page;
}

bool history_reader::each_outcome(const query& filter, record_id after, clock::time_point deadline,
                                  const history::outcome_function& use) {
    const auto condition = filter.prefilter();
    auto rows = connection_.prepare("SELECT arrived, state, status, last_byte FROM exchange WHERE (" + condition.where +
                                    ") AND id > ? ORDER BY id DESC");
    bind_all(rows, condition);
    rows.bind(static_cast<int>(condition.values.size()) + 1, after);
    for (int looked_at = 1; rows.step(); ++looked_at) {
        record_outcome outcome;
        outcome.arrived = time_point(duration(rows.integer(0)));
        outcome.state = static_cast<record_state>(rows.integer(1));
        outcome.status = static_cast<int>(rows.integer(2));
        if (!rows.is_null(3)) outcome.total = duration(rows.integer(3));
        use(outcome);
        if (looked_at % chunk_records == 0 && clock::now() >= deadline) return false;
    }
    return true;
}

std::optional<record> history_reader::find(record_id id) {
    auto row = connection_.prepare("SELECT " + summary_columns() + " FROM exchange WHERE id = ?");
    if (!row.bind(1, id).step()) return std::nullopt;
    auto r = read_summary(row);
    loader_.load_fields(r);
    loader_.load_raw_heads(r);
    loader_.load_bodies(r);
    loader_.load_parts(r);
    return r;
}

std::vector<record> history_reader::children(record_id parent) {
    auto rows =
        connection_.prepare("SELECT " + summary_columns() +
                            " FROM exchange WHERE parent = ? AND parent <> 0 ORDER BY id" + std::string(related_limit));
    rows.bind(1, parent);
    return summaries(rows);
}

std::vector<record> history_reader::attempts(std::string_view provider, std::string_view delivery) {
    auto rows = connection_.prepare("SELECT " + summary_columns() +
                                    " FROM exchange WHERE delivery = ?1 AND delivery <> '' AND provider = ?2 "
                                    "ORDER BY id" +
                                    std::string(related_limit));
    rows.bind(1, delivery).bind(2, provider);
    return summaries(rows);
}

std::vector<record> history_reader::summaries(sqlite::statement& rows) {
    std::vector<record> result;
    while (rows.step()) {
        auto r = read_summary(rows);
        loader_.load_fields(r);
        result.push_back(std::move(r));
    }
    return result;
}

void history_reader::add_relations(const std::vector<record_id>& ids, std::vector<record_relations>& to) {
    auto replays = connection_.prepare("SELECT count(*) FROM exchange WHERE parent = ? AND parent <> 0");
    auto rest = connection_.prepare(
        "SELECT truncated, websocket, (SELECT count(*) FROM message m WHERE m.id = e.id) + "
        "(SELECT count(*) FROM event v WHERE v.id = e.id) + messages_dropped, "
        "CASE WHEN delivery = '' THEN 0 ELSE (SELECT count(*) FROM exchange a WHERE a.delivery = e.delivery AND "
        "a.delivery <> '' AND a.provider = e.provider AND a.id <= e.id) END, "
        "CASE WHEN delivery = '' THEN NULL ELSE arrived - (SELECT a.arrived FROM exchange a WHERE a.delivery = "
        "e.delivery AND a.delivery <> '' AND a.provider = e.provider AND a.id < e.id ORDER BY a.id DESC LIMIT 1) END "
        "FROM exchange e WHERE id = ?");
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const sqlite::use count(replays);
        if (count->bind(1, ids[i]).step()) to[i].replays += count->number(0);
        const sqlite::use row(rest);
        if (!row->bind(1, ids[i]).step()) continue;
        to[i].truncated = row->integer(0) != 0;
        to[i].websocket = row->integer(1) != 0;
        to[i].messages = row->number(2);
        to[i].attempt += row->number(3);
        if (!row->is_null(4)) to[i].gap = duration(row->integer(4));
    }
}

history_totals history_reader::totals() {
    auto row = connection_.prepare("SELECT records, marked FROM totals");
    history_totals totals;
    if (!row.step()) return totals;
    totals.records = row.number(0);
    totals.marked = row.number(1);
    const auto pages = connection_.integer("PRAGMA page_count") - connection_.integer("PRAGMA freelist_count");
    totals.bytes = static_cast<std::uint64_t>(pages * connection_.integer("PRAGMA page_size"));
    return totals;
}

bool history_reader::is_sound() { return connection_.text("PRAGMA quick_check(1)") == "ok"; }

}  // namespace tunnel::inspector
