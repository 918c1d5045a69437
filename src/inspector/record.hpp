#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One exchange as the inspector keeps it. Plain memory: nothing here refers to the tunnel's buffers.
namespace tunnel::inspector {

using time_point = std::chrono::sys_time<std::chrono::microseconds>;
using duration = std::chrono::microseconds;

/// Header or trailer fields in order, duplicates and case kept; bytes as received.
using field_line = std::pair<std::string, std::string>;
using field_lines = std::vector<field_line>;

/// The value of the first field of that name (names compare without case), or null.
[[nodiscard]] const std::string* find_field(const field_lines& fields, std::string_view name) noexcept;
/// ASCII case-insensitive equality.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;
/// The fields of a raw head (start line, then field lines); what is not a field line is left out.
[[nodiscard]] field_lines fields_of_head(std::string_view raw_head);

/// Identifies an exchange; larger ids are newer. 0 means no record. See id_source in record_id.hpp.
using record_id = std::uint64_t;
/// 13 characters of Crockford's base32 in lower case, which sort as the ids do.
[[nodiscard]] std::string to_string(record_id id);
[[nodiscard]] std::optional<record_id> parse_record_id(std::string_view text) noexcept;

enum class record_origin : std::uint8_t { live, replay, import };
enum class record_state : std::uint8_t {
    pending,   ///< has begun
    complete,  ///< the response is whole
    failed,    ///< an error on the way; `outcome` names it
    aborted    ///< the caller or the app closed the connection before the end
};

using sha256_bytes = std::array<std::uint8_t, 32>;
[[nodiscard]] std::string to_hex(const sha256_bytes& digest);

/// A message body without its transfer coding (chunked framing is removed, content codings are not).
struct body_copy {
    std::string bytes;         ///< the first bytes, up to the cap
    std::uint64_t length = 0;  ///< of the whole body
    sha256_bytes sha256{};     ///< of the whole body, also where it was cut; zeros: not known
    [[nodiscard]] bool truncated() const noexcept { return length > bytes.size(); }
    bool operator==(const body_copy&) const = default;
};

/// Whether the digest of the whole body is known: not while an exchange goes on, nor of a very long body.
[[nodiscard]] bool has_digest(const body_copy& body) noexcept;
/// Whether two bodies are the same; none where their lengths are and a digest is not known.
[[nodiscard]] std::optional<bool> same_body(const body_copy& a, const body_copy& b) noexcept;

struct interim_head {
    int status = 0;
    std::string raw;
    bool operator==(const interim_head&) const = default;
};

struct request_copy {
    std::string method;
    std::string target;        ///< as sent to the app
    std::string raw_received;  ///< head as the client received it, start line to blank line
    std::string raw_sent;      ///< head as it was sent to the app
    field_lines fields;        ///< of the head sent to the app
    body_copy body;
    field_lines trailers;
    bool operator==(const request_copy&) const = default;
};

struct response_copy {
    int status = 0;  ///< 0: there is no response
    std::string raw_head;
    field_lines fields;
    body_copy body;
    field_lines trailers;
    std::vector<interim_head> interim;
    bool operator==(const response_copy&) const = default;
};

/// When each step ended, counted from the arrival.
struct phase_times {
    std::optional<duration> queued;      ///< left the queue of the app's connections
    std::optional<duration> connected;   ///< a connection to the app was there
    std::optional<duration> sent;        ///< the whole request was written
    std::optional<duration> first_byte;  ///< the response began
    std::optional<duration> last_byte;   ///< the exchange ended
    bool operator==(const phase_times&) const = default;
};

enum class message_direction : std::uint8_t { from_caller, from_app };
enum class message_kind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// One WebSocket message (RFC 6455): frames joined, unmasked and inflated.
struct websocket_message {
    std::uint64_t sequence = 0;  ///< counts from 1 within the exchange, both directions
    message_direction direction = message_direction::from_caller;
    message_kind kind = message_kind::text;
    bool compressed = false;
    duration at{};             ///< since the arrival of the request
    std::uint64_t length = 0;  ///< inflated
    std::string data;          ///< the first bytes, up to the cap; of a close frame code and reason
    bool operator==(const websocket_message&) const = default;
};

/// One server-sent event of a text/event-stream response.
struct stream_event {
    std::uint64_t sequence = 0;  ///< counts from 1 within the exchange
    duration at{};
    std::string type;  ///< empty means "message"
    std::string id;
    std::uint64_t length = 0;  ///< of the data
    std::string data;          ///< the first bytes, up to the cap
    bool operator==(const stream_event&) const = default;
};

enum class signature_verdict : std::uint8_t { none, valid, invalid, stale, unsigned_, no_secret, truncated, unknown };

/// What was recognised of a webhook; empty strings where the request is not a known webhook.
struct webhook_note {
    std::string provider;
    std::string event;
    std::string delivery;
    signature_verdict signature = signature_verdict::none;
    bool operator==(const webhook_note&) const = default;
};

/// What the user wrote on a record; a later version of the exchange does not overwrite it.
struct user_note {
    bool marked = false;
    std::string comment;
    bool operator==(const user_note&) const = default;
};

/// What other records of its delivery make of a record. Read from the history and never stored, so that it takes no
/// part in a comparison.
struct attempt_note {
    bool duplicate = false;  ///< its response is 2xx, and that of an earlier attempt was
    friend bool operator==(const attempt_note&, const attempt_note&) noexcept { return true; }
};

struct record {
    record_id id = 0;
    record_id parent = 0;  ///< the record that this one replays
    record_origin origin = record_origin::live;
    record_state state = record_state::pending;
    time_point arrived{};
    std::string caller;      ///< address of the caller
    std::string public_url;  ///< whole URL as the caller requested it
    std::string app;         ///< host:port of the local app
    request_copy request;
    response_copy response;
    phase_times phases;
    std::string outcome;              ///< error code (the value of X-Tunnel-Error) where there is one
    std::vector<std::string> labels;  ///< what was done: "fault", "stub" with "stub-7", "held"; `is:fault` finds it
    webhook_note webhook;
    attempt_note among_attempts;
    user_note note;
    std::vector<websocket_message> messages;
    std::vector<stream_event> events;
    std::uint64_t messages_dropped = 0;  ///< messages and events over the cap

    bool operator==(const record&) const = default;
};

/// Bytes that a record holds, about: what bounds of queues and histories count.
[[nodiscard]] std::size_t memory_size(const record& r) noexcept;

/// Scheme, host and port of the public URL, or of the Host field where there is no URL; the host in lower case.
[[nodiscard]] std::string host_of(const record& r);
/// The target without its query, and the query without its question mark.
[[nodiscard]] std::string_view path_of(const record& r) noexcept;
[[nodiscard]] std::string_view query_of(const record& r) noexcept;
/// Whole URL: the public one, else made of Host and target.
[[nodiscard]] std::string url_of(const record& r);
[[nodiscard]] bool is_websocket(const record& r) noexcept;
[[nodiscard]] bool is_truncated(const record& r) noexcept;
/// `is:error` of a filter: a status of 400 or more, or broken off on the way. `status`: 0 where there is no response.
[[nodiscard]] constexpr bool is_error(record_state state, int status) noexcept {
    return state == record_state::failed || state == record_state::aborted || status >= 400;
}
/// From arrival to the last byte, where it has ended.
[[nodiscard]] std::optional<duration> total_time(const record& r) noexcept;

[[nodiscard]] std::string_view to_string(record_origin origin) noexcept;
[[nodiscard]] std::string_view to_string(record_state state) noexcept;
[[nodiscard]] std::string_view to_string(message_direction direction) noexcept;
[[nodiscard]] std::string_view to_string(message_kind kind) noexcept;
[[nodiscard]] std::string_view to_string(signature_verdict verdict) noexcept;

}  // namespace tunnel::inspector
