#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspector/record.hpp"
#include "inspector/sqlite.hpp"

/// Records as rows: the schema of a history and how its columns are written and read.
namespace tunnel::inspector {

/// Marks the file as ours ("TNLH").
inline constexpr int history_application_id = 0x544E4C48;
/// Of the schema; each older one has a step in history_file.cpp.
inline constexpr int history_version = 1;

[[nodiscard]] std::string_view history_schema();

/// SQL: whether a row of `exchange` has a 2xx response to a delivery of which an earlier attempt has one.
[[nodiscard]] const std::string& duplicate_condition();

/// Columns of `exchange` that read_summary expects, and of `head` after them in read_fields.
[[nodiscard]] const std::string& summary_columns();
[[nodiscard]] record read_summary(const sqlite::statement& row);

/// Statements that write; made once for a connection.
class record_writer {
 public:
    explicit record_writer(sqlite::connection& to);
    /// Inserts or updates; what the user wrote on an older version stays.
    void put(const record& r);
    /// Messages, events and their count only.
    void append(const record& part);
    void annotate(record_id id, const user_note& note);
    void annotate(record_id id, const webhook_note& note);
    void remove(record_id id);
    /// A pending record whose end was dropped or whose program ended.
    void abandon(record_id id, std::string_view outcome);
    [[nodiscard]] bool has(record_id id);
    /// The smallest id, at least `first`, above those of all records of the same millisecond.
    [[nodiscard]] record_id free_id_from(record_id first);
    /// Attempts of the same delivery that arrived later: their numbers and gaps change when this one ends.
    [[nodiscard]] std::vector<record_id> later_attempts(const record& r);

 private:
    void put_exchange(const record& r);
    void put_head(const record& r);
    void put_body(record_id id, int side, const body_copy& body, bool replace);
    void put_parts(const record& r);

    sqlite::statement exchange_;
    sqlite::statement head_;
    sqlite::statement body_;
    sqlite::statement no_body_;
    sqlite::statement message_;
    sqlite::statement event_;
    sqlite::statement dropped_;
    sqlite::statement user_note_;
    sqlite::statement webhook_note_;
    sqlite::statement remove_;
    sqlite::statement abandon_;
    sqlite::statement has_;
    sqlite::statement newest_between_;
    sqlite::statement later_attempts_;
};

/// Statements that load what a summary lacks.
class record_loader {
 public:
    explicit record_loader(const sqlite::connection& from);
    void load_fields(record& r);
    void load_raw_heads(record& r);
    void load_bodies(record& r);
    void load_parts(record& r);

 private:
    sqlite::statement fields_;
    sqlite::statement raw_;
    sqlite::statement body_;
    sqlite::statement messages_;
    sqlite::statement events_;
};

}  // namespace tunnel::inspector
