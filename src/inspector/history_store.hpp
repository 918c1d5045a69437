#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "inspector/history.hpp"
#include "inspector/history_file.hpp"
#include "inspector/record_rows.hpp"
#include "inspector/sqlite.hpp"

namespace tunnel::inspector {

/// What producers and users have the writer do.
namespace change {
struct put {
    std::shared_ptr<const record> r;
};
struct unfinished {
    std::shared_ptr<unfinished_record> r;
};
struct append {
    std::shared_ptr<const record> part;
};
struct import {
    std::shared_ptr<const record> r;
};
struct user {
    record_id id;
    user_note note;
};
struct webhook {
    record_id id;
    webhook_note note;
};
struct remove {
    std::vector<record_id> ids;
};
struct clear {
    bool keep_marked;
};
/// The last version of this record did not fit into the queue.
struct lost {
    record_id id;
};
struct flush {
    std::shared_ptr<std::promise<void>> done;
};
using any = std::variant<put, unfinished, append, import, user, webhook, remove, clear, lost, flush>;
}  // namespace change

/// The connection that writes to one database. Throws sqlite::error; what was applied by a call that throws is undone.
class history_store {
 public:
    history_store(sqlite::connection database, const history_settings& settings, std::uint64_t max_bytes);
    ~history_store();
    history_store(const history_store&) = delete;
    history_store& operator=(const history_store&) = delete;

    [[nodiscard]] unsigned session() const noexcept { return session_; }
    /// Applies the changes in one transaction and keeps the bounds. Returns what readers now see.
    [[nodiscard]] std::vector<history_change> apply(std::span<const change::any> changes, time_point now);
    /// Frees the pages that the connection keeps.
    void release_memory() noexcept;
    /// Copies every record, in one transaction.
    void copy_from(const std::string& reader_name);

 private:
    void apply_one(const change::any& c, time_point now, std::vector<history_change>& seen);
    void import(const record& r, time_point now, std::vector<history_change>& seen);
    void clear(bool keep_marked, std::vector<history_change>& seen);
    void prune(time_point now, std::vector<history_change>& seen);
    /// Removes the oldest records that are not marked: those below `end`, at most `count`.
    int remove_oldest(record_id end, std::int64_t count, std::vector<history_change>& seen);
    void wipe();

    sqlite::connection database_;
    record_writer writer_;
    sqlite::statement oldest_;
    sqlite::statement totals_;
    sqlite::statement pages_;
    sqlite::statement free_pages_;
    std::int64_t page_bytes_;
    unsigned session_;
    std::uint64_t max_bytes_;
    std::uint64_t max_count_;
    std::chrono::seconds max_age_;
};

}  // namespace tunnel::inspector
