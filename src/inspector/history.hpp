#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/limits.hpp"
#include "inspector/query.hpp"
#include "inspector/record.hpp"
#include "inspector/record_id.hpp"

namespace tunnel::inspector {

enum class history_mode : std::uint8_t { file, memory, off };

struct history_settings {
    history_mode mode = history_mode::file;
    std::string path;  ///< of the file; its folder is made (0700) where it is missing
    std::uint64_t max_bytes = limits::history_bytes;
    std::uint64_t max_count = limits::history_count;
    std::chrono::seconds max_age = limits::history_age;
    std::size_t queued_changes = limits::queued_changes;
    std::size_t queued_bytes = limits::queued_bytes;
};

/// `$XDG_STATE_HOME/tunnel/history.db`, else below `~/.local/state`; empty where there is no home.
[[nodiscard]] std::string default_history_path();

enum class change_kind : std::uint8_t { stored, removed, cleared };

/// Tells of records that were stored or removed; called on the writer's thread once readers see the change.
struct history_change {
    std::uint64_t sequence = 0;  ///< counts from 1 in this process
    change_kind kind = change_kind::stored;
    record_id id = 0;
    std::shared_ptr<const record> stored;  ///< as it was given to put(); null where only a part of it changed
};

/// A record that its producer leaves to the writer's thread to complete: what takes time, such as digests, and is not
/// wanted of one that a later version replaces at once.
class unfinished_record {
 public:
    unfinished_record() = default;
    unfinished_record(const unfinished_record&) = delete;
    unfinished_record& operator=(const unfinished_record&) = delete;
    virtual ~unfinished_record() = default;

    [[nodiscard]] virtual record_id id() const noexcept = 0;
    /// No later version will come.
    [[nodiscard]] virtual bool is_last() const noexcept = 0;
    /// As memory_size() of the record.
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;
    /// The record: without messages, events and a note. The same one each time; on one thread at a time.
    [[nodiscard]] virtual std::shared_ptr<const record> finish() = 0;
};

struct page_request {
    query filter;
    record_id before = 0;  ///< only older records; 0: from the newest on
    record_id after = 0;   ///< only newer records
    std::size_t limit = 50;
    bool oldest_first = false;  ///< then the cursor is passed as `after`
    std::chrono::milliseconds time = limits::search_time;
};

struct history_page {
    std::vector<record> items;  ///< without raw heads, body bytes, messages and events
    record_id next = 0;         ///< cursor for the next page; 0: there is no more
    time_point searched_to{};   ///< how far the search has come
    std::string error;          ///< empty unless the history could not be read
};

/// What a chart counts of a record.
struct record_outcome {
    time_point arrived{};
    record_state state = record_state::pending;
    int status = 0;  ///< 0: there is no response
    std::optional<duration> total;
};

/// What a list shows of a record besides what list() gives.
struct record_relations {
    std::uint64_t replays = 0;
    std::uint64_t attempt = 0;    ///< 1 and up among the records with its delivery id; 0: it has none
    std::optional<duration> gap;  ///< since the attempt before arrived
    std::uint64_t messages = 0;   ///< and events, those over the cap too
    bool truncated = false;       ///< not all of a body was kept
    bool websocket = false;
};

struct history_status {
    history_mode mode = history_mode::off;  ///< memory also where the file cannot be used
    std::string path;
    std::string problem;  ///< why the file is not used; empty where it is, or was not asked for
    std::uint64_t records = 0;
    std::uint64_t marked = 0;
    std::uint64_t bytes = 0;    ///< pages in use
    std::uint64_t dropped = 0;  ///< records that did not fit into the queue, or that nothing could store
};

/// Keeps records. Producers never wait: changes go through a bounded queue to one writer thread, which stores them in
/// batches. Every member may be called from any thread. The destructor stores what is queued.
///
/// A file that is corrupt, newer than this program, or of another program is renamed and a new one begun; where the
/// file cannot be used (locked, no space, no permission), the history goes on in memory and the file is tried again.
/// `notice` gets one line for each such event, on the thread where it is met.
class history {
 public:
    using notice_function = std::function<void(std::string_view)>;
    using change_function = std::function<void(const history_change&)>;

    explicit history(history_settings settings, notice_function notice = {}, change_function changed = {});
    ~history();
    history(const history&) = delete;
    history& operator=(const history&) = delete;

    /// An id for an exchange that begins now; ids of two programs on one file differ.
    [[nodiscard]] record_id next_id();

    /// For producers, before they make a record: true where it would be dropped. It is then counted as dropped.
    [[nodiscard]] bool drops_next() noexcept;

    /// Stores a record, or a later version of it: the whole of it but for the note, which stays as the user left it,
    /// and messages and events, which are added to those stored (same sequence: replaced).
    void put(std::shared_ptr<const record> r);
    void put(std::shared_ptr<unfinished_record> r);
    /// Adds to a stored record; `part` has its id, and only messages, events and messages_dropped count.
    void append(std::shared_ptr<const record> part);
    void annotate(record_id id, user_note note);
    void annotate(record_id id, webhook_note note);
    void remove(std::vector<record_id> ids);
    /// Removes every record, marked ones too unless `keep_marked`, and wipes them from the file.
    void clear(bool keep_marked);
    /// Stores an imported record; waits while the queue is full. An id of 0, or one that is taken, becomes a new one
    /// of the time of arrival.
    void import(record r);

    /// Waits until every change queued before it can be read. Not for producers.
    void flush();

    /// Has the caches and buffers that past records needed given back to the system within about a second.
    void release_memory();

    [[nodiscard]] history_page list(const page_request& request) const;
    /// While it is on, list() returns an error. For the stop: a search through many pages with a slow filter ends then.
    void refuse_lists(bool on) noexcept { lists_are_refused_ = on; }
    using outcome_function = std::function<void(const record_outcome&)>;
    /// Gives `use` the outcome of each record newer than `after`, newest first, until `time` is up. The filter has to
    /// be one that SQL decides (sql_condition::exact): no record is loaded, so this takes a tenth of the time of
    /// list().
    void each_outcome(const query& filter, record_id after, std::chrono::milliseconds time,
                      const outcome_function& use) const;
    /// The whole record.
    [[nodiscard]] std::optional<record> find(record_id id) const;
    /// Replays of a record, and attempts of one delivery, oldest first, as list() gives them.
    [[nodiscard]] std::vector<record> children(record_id parent) const;
    [[nodiscard]] std::vector<record> attempts(std::string_view provider, std::string_view delivery) const;
    /// One for each id, in that order; empty ones for records that are not there.
    [[nodiscard]] std::vector<record_relations> relations(const std::vector<record_id>& ids) const;
    [[nodiscard]] history_status status() const;

 private:
    class state;
    std::string settings_path_;
    std::atomic<bool> lists_are_refused_{false};
    std::unique_ptr<id_source> off_ids_;  // ids where nothing is kept
    std::unique_ptr<state> state_;        // null where nothing is kept
};

}  // namespace tunnel::inspector
