#include "inspector/history_store.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "inspector/history_reader.hpp"
#include "inspector/record_id.hpp"

namespace tunnel::inspector {

namespace {

template <class... Functions>
struct overloaded : Functions... {
    using Functions::operator()...;
};

/// Of the record that the change stores a version of; none where it is another change.
std::optional<record_id> id_of_version(const change::any& c) {
    if (const auto* put = std::get_if<change::put>(&c)) return put->r->id;
    if (const auto* put = std::get_if<change::unfinished>(&c)) return put->r->id();
    return std::nullopt;
}

/// Whether a later version of the record leaves nothing of this one.
bool is_all_replaced(const change::any& version) {
    const auto* put = std::get_if<change::put>(&version);
    return !put || (put->r->messages.empty() && put->r->events.empty() && !put->r->note.marked);
}

/// Of several versions of a record in one batch only the last is stored: a fast exchange costs one row, not two.
std::vector<bool> superseded(std::span<const change::any> changes) {
    std::vector<bool> result(changes.size(), false);
    std::unordered_map<record_id, std::size_t> last;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (std::holds_alternative<change::flush>(changes[i])) continue;
        const auto id = id_of_version(changes[i]);
        // A note must find its record.
        if (!id) return std::vector<bool>(changes.size(), false);
        const auto [found, added] = last.try_emplace(*id, i);
        if (added) continue;
        result[found->second] = is_all_replaced(changes[found->second]);
        found->second = i;
    }
    return result;
}

}  // namespace

history_store::history_store(sqlite::connection database, const history_settings& settings, std::uint64_t max_bytes)
    : database_(std::move(database)),
      writer_(database_),
      oldest_(database_.prepare("DELETE FROM exchange WHERE id IN (SELECT id FROM exchange WHERE marked = 0 AND id < ? "
                                "ORDER BY id LIMIT ?) RETURNING id")),
      totals_(database_.prepare("SELECT records, marked FROM totals")),
      pages_(database_.prepare("PRAGMA page_count")),
      free_pages_(database_.prepare("PRAGMA freelist_count")),
      page_bytes_(database_.integer("PRAGMA page_size")),
      session_(claim_session(database_)),
      max_bytes_(max_bytes),
      max_count_(settings.max_count),
      max_age_(settings.max_age) {}

history_store::~history_store() { release_session(database_, session_); }

std::vector<history_change> history_store::apply(std::span<const change::any> changes, time_point now) {
    std::vector<history_change> seen;
    const auto skip = superseded(changes);
    const bool removes = std::ranges::any_of(changes, [](const auto& c) {
        return std::holds_alternative<change::remove>(c) || std::holds_alternative<change::clear>(c);
    });
    if (removes) database_.execute("PRAGMA secure_delete = ON");
    sqlite::transaction all(database_);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!skip[i]) apply_one(changes[i], now, seen);
    }
    prune(now, seen);
    all.commit();
    if (removes) wipe();
    return seen;
}

void history_store::apply_one(const change::any& c, time_point now, std::vector<history_change>& seen) {
    const auto stored = [&](record_id id, std::shared_ptr<const record> r = nullptr) {
        seen.push_back({0, change_kind::stored, id, std::move(r)});
    };
    const auto put = [&](const std::shared_ptr<const record>& r) {
        writer_.put(*r);
        stored(r->id, r);
        for (const auto id : writer_.later_attempts(*r)) stored(id);
    };
    std::visit(overloaded{[&](const change::put& version) { put(version.r); },
                          [&](const change::unfinished& version) { put(version.r->finish()); },
                          [&](const change::append& append) {
                              writer_.append(*append.part);
                              stored(append.part->id);
                          },
                          [&](const change::import& import) { this->import(*import.r, now, seen); },
                          [&](const change::user& note) {
                              writer_.annotate(note.id, note.note);
                              stored(note.id);
                          },
                          [&](const change::webhook& note) {
                              writer_.annotate(note.id, note.note);
                              stored(note.id);
                          },
                          [&](const change::remove& remove) {
                              for (const auto id : remove.ids) {
                                  writer_.remove(id);
                                  seen.push_back({0, change_kind::removed, id, nullptr});
                              }
                          },
                          [&](const change::clear& clear) { this->clear(clear.keep_marked, seen); },
                          [&](const change::lost& lost) {
                              writer_.abandon(lost.id, "capture_dropped");
                              if (database_.changes() > 0) stored(lost.id);
                          },
                          [](const change::flush&) {}},
               c);
}

void history_store::import(const record& r, time_point now, std::vector<history_change>& seen) {
    auto copy = r;
    // An id is made from a time. One of the future would make the record newer than all requests that arrive until
    // then: they would be removed before it, and a wait for new requests would count it.
    const auto first_of_future = first_id_at(now + std::chrono::milliseconds(1));
    if (copy.id == 0 || copy.id >= first_of_future || writer_.has(copy.id))
        copy.id = writer_.free_id_from(first_id_at(std::min(copy.arrived, now)));
    if (copy.state == record_state::pending) copy.state = record_state::aborted;  // nothing will end it
    writer_.put(copy);
    seen.push_back({0, change_kind::stored, copy.id, nullptr});
}

void history_store::clear(bool keep_marked, std::vector<history_change>& seen) {
    database_.execute(keep_marked ? "DELETE FROM exchange WHERE marked = 0" : "DELETE FROM exchange");
    seen.push_back({0, change_kind::cleared, 0, nullptr});
}

int history_store::remove_oldest(record_id end, std::int64_t count, std::vector<history_change>& seen) {
    const sqlite::use rows(oldest_);
    rows->bind(1, end).bind(2, count);
    int removed = 0;
    while (rows->step()) {
        seen.push_back({0, change_kind::removed, rows->number(0), nullptr});
        ++removed;
    }
    return removed;
}

void history_store::prune(time_point now, std::vector<history_change>& seen) {
    constexpr record_id any_age = static_cast<record_id>(std::numeric_limits<std::int64_t>::max());
    const auto oldest_allowed = first_id_at(now - std::chrono::duration_cast<duration>(max_age_));
    remove_oldest(oldest_allowed, limits::prune_records, seen);
    const auto first_value = [](sqlite::statement& s, int column = 0) {
        const sqlite::use row(s);
        return row->step() ? row->integer(column) : 0;
    };
    const auto unmarked = first_value(totals_) - first_value(totals_, 1);
    const auto over = unmarked - static_cast<std::int64_t>(max_count_);
    if (over > 0) remove_oldest(any_age, std::min<std::int64_t>(over, limits::prune_records), seen);
    const auto used = [&] {
        return static_cast<std::uint64_t>((first_value(pages_) - first_value(free_pages_)) * page_bytes_);
    };
    for (int removed = 0; used() > max_bytes_ && removed < limits::prune_records; removed += limits::prune_step) {
        if (remove_oldest(any_age, limits::prune_step, seen) == 0) break;  // the rest is marked
    }
}

/// Gives freed pages back and empties the log, so that what was removed is in neither.
void history_store::wipe() {
    database_.execute("PRAGMA secure_delete = FAST; PRAGMA incremental_vacuum");
    // A reader may keep the log from being emptied; the next checkpoint overwrites it.
    database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

void history_store::release_memory() noexcept { sqlite3_db_release_memory(database_.handle()); }

void history_store::copy_from(const std::string& reader_name) {
    history_reader from(reader_name);
    sqlite::transaction all(database_);
    page_request request;
    request.oldest_first = true;
    request.limit = limits::page_records;
    do {
        const auto page = from.list(request);
        for (const auto& summary : page.items) {
            if (const auto whole = from.find(summary.id)) writer_.put(*whole);
        }
        request.after = page.next;
    } while (request.after != 0);
    all.commit();
}

}  // namespace tunnel::inspector
