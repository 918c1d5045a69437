#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the inspector, with its reason. Settings override those that users see.
namespace tunnel::inspector::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// --- Capture ------------------------------------------------------------------------------------------------

/// Body bytes kept of each side of an exchange: larger bodies are rarely looked at, and 10,000 of them fill a disk.
inline constexpr std::size_t body_bytes = 1 * mib;

/// Body bytes that are hashed where not all are kept: a gigabyte would take the event loop most of a second, and halve
/// the speed of a download.
inline constexpr std::uint64_t hashed_body = 16 * mib;

/// Body bytes kept of all exchanges that are open: a thousand large ones at a time would otherwise take 2 GiB. Beyond
/// it bodies are cut, and counted.
inline constexpr std::size_t open_bodies = 16 * mib;

/// Bytes kept of one WebSocket message, and of one server-sent event.
inline constexpr std::size_t message_bytes = 64 * kib;

/// Messages, and bytes of messages, kept of one exchange: a stream may stay open for days.
inline constexpr std::size_t messages = 10'000;
inline constexpr std::size_t messages_bytes = 8 * mib;

/// Inflated bytes of one message after which its direction is no longer inflated: a compressed megabyte may stand for
/// a gigabyte, and inflating it only to keep the window costs processor time.
inline constexpr std::uint64_t inflated_message = 64 * mib;

/// A line of an event stream; longer ones are cut.
inline constexpr std::size_t event_line = 64 * kib;

// --- History ------------------------------------------------------------------------------------------------

inline constexpr std::uint64_t history_bytes = 256 * mib;
inline constexpr std::uint64_t history_count = 10'000;
inline constexpr auto history_age = std::chrono::hours(7 * 24);

/// The history in memory, where the file cannot be used: the client is meant to stay below 48 MiB.
inline constexpr std::uint64_t memory_history_bytes = 16 * mib;

/// Changes on their way to the writer; beyond either they are dropped and counted. 4,096 are two seconds of 2,000
/// requests a second, longer than a disk stalls as a rule.
inline constexpr std::size_t queued_changes = 4'096;
inline constexpr std::size_t queued_bytes = 16 * mib;

/// A change that is larger may not fit although there is room for most others: records of webhooks are smaller.
inline constexpr std::size_t usual_change = 16 * kib;

/// Records whose end was dropped, remembered to be stored as ended. Beyond them they stay pending until the history is
/// opened again.
inline constexpr std::size_t lost_records = 65'536;

/// What one transaction holds at most, and how long its records wait to share it with others.
inline constexpr std::size_t batch_changes = 512;
inline constexpr std::chrono::milliseconds batch_time = 50ms;

/// After a flood of which not all could be kept: one full queue a second is a sample of it, as many requests as are all
/// kept when they come at that rate, and leaves the processor to the tunnel.
inline constexpr std::chrono::milliseconds flood_rest = 1s;

/// How long SQLite waits for a lock that another process holds before a batch is tried again.
inline constexpr std::chrono::milliseconds busy_time = 2s;

/// A file that takes no batch for this long is given up for the memory; it is tried again after `file_retry_time`.
inline constexpr std::chrono::milliseconds locked_time = 10s;
inline constexpr std::chrono::milliseconds file_retry_time = 30s;

/// The write-ahead log is cut back to this after a checkpoint.
inline constexpr std::size_t journal_bytes = 8 * mib;

/// Oldest records removed in one transaction where a bound is exceeded: twice what one adds, so that a history whose
/// bounds were lowered comes down to them without a long stop. Towards the bound in bytes they go by the step, a small
/// one because a record may have megabytes.
inline constexpr int prune_records = 2 * static_cast<int>(batch_changes);
inline constexpr int prune_step = 4;

/// Earlier attempts of a delivery that are looked at for one that succeeded, and later ones that are reported as
/// changed: anyone may send any number of requests with one id.
inline constexpr int earlier_attempts = 1'000;
inline constexpr int later_attempts = 100;

// --- Queries ------------------------------------------------------------------------------------------------

inline constexpr std::size_t query_length = 4 * kib;
inline constexpr std::size_t query_terms = 64;
inline constexpr std::size_t query_depth = 16;

/// Steps of the regular-expression engine for one text; beyond them the text does not match. About 10 ms.
inline constexpr std::uint32_t regex_steps = 1'000'000;
inline constexpr std::uint32_t regex_memory_kib = 4 * 1024;

/// Why a record does not match: bytes of one value, all of the sentence for one clause, and values of one JSON path. A
/// reader compares them with what he expected; the record itself has the rest.
inline constexpr std::size_t explained_value = 120;
inline constexpr std::size_t explained_clause = 500;
inline constexpr std::size_t explained_values = 3;

/// Records on one page.
inline constexpr std::size_t page_records = 500;

/// How long a search works before it returns what it has found, with a cursor to go on from.
inline constexpr std::chrono::milliseconds search_time = 150ms;

// --- Views --------------------------------------------------------------------------------------------------

/// A decoded body, whatever the compressed one claims to hold.
inline constexpr std::size_t decoded_body = 8 * mib;

/// Nesting of JSON that is shown as a tree, compared or searched.
inline constexpr std::size_t json_depth = 256;

/// Values of JSON that is compared or searched by its structure; parsed, they take some 50 MiB. A decoded body may have
/// six times as many, each of two bytes.
inline constexpr std::size_t json_values = 500'000;

/// Lines that are compared one by one once equal ones at both ends are set aside, and the additions and removals that
/// are found among them: time goes with their product, memory with the square of the latter (8 MiB). Beyond either all
/// lines count as changed.
inline constexpr std::size_t diff_lines = 20'000;
inline constexpr std::size_t diff_changes = 1'000;

/// JSON that is compared by its structure; larger is compared as text.
inline constexpr std::size_t diff_json_bytes = 2 * mib;

// --- Export and import --------------------------------------------------------------------------------------

/// Body bytes that stand in a command's argument; Linux takes 128 KiB for one.
inline constexpr std::size_t shell_argument = 64 * kib;

/// Values of JSON in one record of a file to import: the 10,000 messages of a long exchange have ten each, and so many
/// values take some 20 MiB.
inline constexpr std::size_t import_values = 200'000;

/// A file to import is read whole.
inline constexpr std::size_t import_bytes = 256 * mib;

}  // namespace tunnel::inspector::limits
