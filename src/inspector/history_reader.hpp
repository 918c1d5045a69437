#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/history.hpp"
#include "inspector/record.hpp"
#include "inspector/record_rows.hpp"
#include "inspector/sqlite.hpp"

namespace tunnel::inspector {

struct history_totals {
    std::uint64_t records = 0;
    std::uint64_t marked = 0;
    std::uint64_t bytes = 0;
};

/// A read-only connection to a history, beside whatever writes to it. One thread at a time; throws sqlite::error.
class history_reader {
 public:
    /// A file's path, or the name of a history in memory ("file:/...?vfs=memdb").
    explicit history_reader(const std::string& name);

    [[nodiscard]] history_page list(const page_request& request);
    /// As of history; false once the time is up.
    bool each_outcome(const query& filter, record_id after, std::chrono::steady_clock::time_point deadline,
                      const history::outcome_function& use);
    [[nodiscard]] std::optional<record> find(record_id id);
    [[nodiscard]] std::vector<record> children(record_id parent);
    [[nodiscard]] std::vector<record> attempts(std::string_view provider, std::string_view delivery);
    /// Adds to `to`, which has one for each id: a history may have two sources.
    void add_relations(const std::vector<record_id>& ids, std::vector<record_relations>& to);
    [[nodiscard]] history_totals totals();
    /// False if SQLite finds the file damaged.
    [[nodiscard]] bool is_sound();

 private:
    struct range {
        record_id first = 0;  // both included
        record_id last = 0;
    };
    [[nodiscard]] std::optional<range> next_chunk(const range& rest, bool oldest_first);
    void load_for(const query& filter, record& r);
    [[nodiscard]] std::vector<record> summaries(sqlite::statement& rows);

    sqlite::connection connection_;
    record_loader loader_;
};

}  // namespace tunnel::inspector
