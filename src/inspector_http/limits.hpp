#pragma once

#include <chrono>
#include <cstddef>

/// Every bound of the inspector's server, with its reason.
namespace tunnel::inspector_http::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// --- Requests -----------------------------------------------------------------------------------------------

/// A request's head: a filter of 4,096 characters of four bytes, each percent-encoded, and a browser's fields.
inline constexpr std::size_t head_bytes = 64 * kib;

/// A Host or Origin field: a domain name has at most 253 characters.
inline constexpr std::size_t authority_bytes = 300;

/// JSON of a request that sets something: a rule of a fault, or a comment of 4,096 characters, each up to 12 bytes as
/// an escape.
inline constexpr std::size_t json_bytes = 64 * kib;

/// JSON of a replay: an edited body of some mebibytes, in base64.
inline constexpr std::size_t replay_bytes = 16 * mib;

/// Values in the JSON of a request. The API's most are those of a replay, a thousand of each kind of edit, which are
/// 12,000. Without this bound a body of small values takes twenty times its size once it is parsed.
inline constexpr std::size_t json_values = 16 * kib;

/// A file to import is held whole, and parsed record by record.
inline constexpr std::size_t import_bytes = 64 * mib;

/// Bodies of all requests that are read or handled at a time: those of an import and of some edited replays.
inline constexpr std::size_t open_bodies = import_bytes + 4 * replay_bytes;

/// Imports at a time.
inline constexpr int imports = 1;

/// Nesting of the JSON of a request: the API's own shapes need 6, a HAR with custom members some more.
inline constexpr std::size_t json_depth = 64;

/// Parameters of a URL; the API's most has 6.
inline constexpr std::size_t parameters = 32;

/// Edits of one replay: fields set and unset, and values of JSON.
inline constexpr std::size_t edits = 1'000;

// --- Connections --------------------------------------------------------------------------------------------

/// A browser opens 6 to one origin; scripts and several pages beside it.
inline constexpr std::size_t connections = 64;

/// Event streams: pages and `--follow` commands that are open at once.
inline constexpr std::size_t streams = 16;

/// Responses that wait: `wait` and replays.
inline constexpr std::size_t waits = 32;

/// Threads that read the history, so that one slow search does not delay the others.
inline constexpr std::size_t workers = 2;

/// An idle connection is closed after this, and one that does not send its head.
inline constexpr auto head_time = 60s;

/// Between two reads of a request's body, and for one write of a response: a reader that takes nothing for so long is
/// disconnected.
inline constexpr auto transfer_time = 20s;

/// What one write of an export carries.
inline constexpr std::size_t export_part = 256 * kib;

// --- Live ---------------------------------------------------------------------------------------------------

/// Changes that streams may resume from: some seconds of 2,000 requests a second, minutes of ordinary traffic.
inline constexpr std::size_t kept_changes = 16'384;

/// Changes that a stream looks at in one go, so that the workers are free for others in between; what is left follows
/// without a pause.
inline constexpr std::size_t batch_changes = 512;

/// Between two batches of one stream, so that a record in progress comes at most 4 times a second.
inline constexpr auto batch_pause = 250ms;

/// Between two looks of a `wait` at new records.
inline constexpr auto wait_pause = 20ms;

inline constexpr auto status_pause = 1s;
inline constexpr auto heartbeat = 15s;

/// Longest `wait`: a job of CI that waits longer has failed.
inline constexpr std::chrono::milliseconds wait_time = 10min;

/// How long a `wait` whose time is over may search records that it has not read yet. It occupies a worker meanwhile.
inline constexpr auto last_look = 2s;

/// Records that a `wait` counts, which it holds as summaries.
inline constexpr std::size_t waited_records = 1'000;

/// Filters of a `wait` for records in an order; each is searched for anew when one of them comes.
inline constexpr std::size_t wait_steps = 16;

/// Newest records that are compared with the filter of a `wait` that was not met, and how many it names.
inline constexpr std::size_t compared_misses = 200;
inline constexpr std::size_t named_misses = 3;

// --- Responses ----------------------------------------------------------------------------------------------

inline constexpr std::size_t default_page = 100;
inline constexpr std::size_t default_messages = 200;
inline constexpr std::size_t largest_page = 500;
inline constexpr std::size_t default_view = 1 * mib;
inline constexpr std::size_t largest_view = 4 * mib;
inline constexpr std::size_t related = 100;

/// How long a chart may count; a page draws it again every few seconds.
inline constexpr auto chart_time = 1s;

/// Records that one request replays.
inline constexpr std::size_t replayed = 1'000;

/// Replays of one request: records times their repetitions.
inline constexpr std::size_t sendings = 10'000;

inline constexpr std::size_t comment_characters = 4'096;

}  // namespace tunnel::inspector_http::limits
