#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the protocol and of both programs, with its reason. Settings override some of them
/// (options.hpp of each program says which); nothing in the code is bounded by a number written elsewhere.
namespace tunnel::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// --- Frames -------------------------------------------------------------------------------------------------

/// Largest frame payload. A head of `max_head` with every byte escaped (6x) and one full body slice fit.
inline constexpr std::size_t max_frame = 1 * mib;

/// Largest frame before the hello was taken, so that strangers cannot make us hold megabytes.
inline constexpr std::size_t max_hello = 4 * kib;

/// A frame that has begun must be whole in this time, or the peer is trickling bytes to hold memory.
inline constexpr auto frame_time = 30s;

/// Nesting allowed inside a frame. Our messages need 3; unknown members may nest a little more.
inline constexpr std::size_t max_json_depth = 16;

/// Members of messages other than the body. Methods are short; RFC 9110 bounds neither them nor the other two, and
/// longer ones are not sent on purpose.
inline constexpr std::size_t max_method = 256;
inline constexpr std::size_t max_upgrade = 1 * kib;
inline constexpr std::size_t max_reason = 1 * kib;

/// What is used of texts for people: a sentence or an address for the log, and the name of a program or a caller.
inline constexpr std::size_t max_text = 1 * kib;
inline constexpr std::size_t max_name = 256;

/// Versions that a peer may list. There is one so far.
inline constexpr std::size_t max_versions = 16;

/// Largest number: JSON numbers are exact integers below 2^53 in every implementation.
inline constexpr std::uint64_t max_number = (std::uint64_t{1} << 53) - 1;
inline constexpr std::uint64_t max_stream_id = max_number;

// --- Flow control -------------------------------------------------------------------------------------------

/// Initial credit per stream and direction, in decoded body bytes: what each of `max_streams` may hold whose body
/// nobody reads. Webhooks and most resources of a page fit.
inline constexpr std::size_t initial_window = 32 * kib;

/// Credit of a stream whose body is longer, by its declared length or because half of that is used, as long as
/// `window_pool` lasts.
inline constexpr std::size_t body_window = 256 * kib;

/// Credit of a stream whose declared length is this or more, where a round trip takes `long_round_trip`: each smaller
/// step to it would take a round trip more. Where a round trip takes longer than that of `declared_body_rate`, the
/// credit grows with it, up to `max_window`: a compressed stream needs several times what the path carries.
inline constexpr std::size_t declared_body_window = 1 * mib;
inline constexpr std::size_t declared_body_rate = 16 * mib;  // a second

/// Where a round trip takes this long, a response gets `body_window` along with its request: to wait for its first
/// bytes would take a round trip.
inline constexpr std::chrono::microseconds long_round_trip = 4ms;

/// Bytes written after which the link is notified that there is room again: to notify it of every write would cost more
/// than the write.
inline constexpr std::size_t credit_step = initial_window / 4;

/// Consumed bytes for which credit is given back, at the latest: larger steps would come too late over a long path.
inline constexpr std::size_t window_step = 128 * kib;

/// A stream that drains its credit in less than this many round trips is given more. TCP has up to three times in
/// flight of what the path carries while it looks for the speed of it, and what stands behind a lost packet waits for
/// another.
inline constexpr int held_up_round_trips = 4;

/// And how many times as much. What is compressed to a fifth moves five times as fast as the path: from the first
/// window to the largest in two steps.
inline constexpr std::uint64_t window_growth = 4;

/// Largest credit a stream can be given: fills a path of 100 ms x 300 Mbit/s.
inline constexpr std::size_t max_window = 4 * mib;

/// Extra credit that all streams of one link may hold above their initial windows.
inline constexpr std::size_t window_pool = 16 * mib;

/// Streams that may be open at once on one link: what a hello offers.
inline constexpr std::uint32_t max_streams = 1024;

/// Decoded body bytes in one frame. What arrives as one frame leaves in one write: small ones cost more of them. One
/// that is written as a chunk still fits a segment over loopback (65,464 bytes where IPv6 has timestamps), or the
/// kernel would send the rest of it as a packet of its own; and base64 needs no padding.
inline constexpr std::size_t body_slice = 65'400;

/// The same when other streams are ready too and the link is slower than they are, so that a small response
/// waits behind little.
inline constexpr std::size_t shared_body_slice = body_slice / 4;

/// A link counts as slow for this many writes after one that the kernel did not take at once. It may take some of
/// them immediately: it makes room for several.
inline constexpr unsigned slow_link_pieces = 16;

/// Body bytes that a source may have handed to the link and not yet seen encoded.
inline constexpr std::size_t stream_queue = 128 * kib;

/// Once all sources together have handed over so many, each has at most one small slice more in the queue: a thousand
/// bodies that wait for credit are not to hold `stream_queue` each.
inline constexpr std::size_t stream_queues = 16 * mib;

/// Bytes requested from the tunnel socket in one read: one body slice as a frame, and some small frames beside it.
inline constexpr std::size_t link_read = 128 * kib;

/// Encoded bytes waiting in user space for the tunnel socket. Past it, streams wait for room. With twice as much, both
/// programs worked on more than a core's cache holds, and large bodies side by side were a third slower.
inline constexpr std::size_t link_queue = 128 * kib;

/// Bytes that the kernel may hold unsent for one connection, above the credit of its stream: a thousand stalled
/// callers would otherwise take a megabyte each, and the system's memory for TCP runs out for all.
inline constexpr std::size_t unsent = 128 * kib;

/// Where a round trip carries more than `unsent` times this, the kernel may hold a share of one round trip instead. If
/// it runs out while acknowledgements come in bunches, it cannot tell how fast the path is: BBR then stays in its
/// start, at 2.9 times the path's speed and with one packet of ten lost. A small response waits for no more than this
/// share of a round trip longer.
inline constexpr std::size_t unsent_share = 4;

/// Most that the kernel may hold unsent for one connection: a fourth of what BBR has in flight at its start over
/// 100 ms x 200 Mbit/s.
inline constexpr std::size_t unsent_most = 2 * mib;

/// What all HTTP connections together may have unsent above `unsent`: callers that read fast and then stall, one after
/// the other, are not to fill the system's memory for TCP.
inline constexpr std::size_t unsent_pool = 32 * mib;

/// The same for tunnel connections, so that callers cannot use up their share: the active one, and some that were
/// replaced and still have frames to send.
inline constexpr std::size_t link_unsent_pool = 8 * mib;

/// A tunnel connection that may have more than `unsent` and takes nothing tries again after this: the kernel says that
/// it has room only when a third of its buffer is free, which over a long path is after it ran out.
inline constexpr auto unsent_retry = std::chrono::milliseconds(2);

/// A closed connection that may have had more than `unsent` is dropped by the kernel once its peer has acknowledged
/// nothing for this long: its share of the pool went to others. As long as a body may stall.
inline constexpr auto unsent_time = 60s;

/// Callers and apps that vanish without a FIN (a laptop is closed, a NAT forgets the connection) are found out by
/// probes: the first after this silence, three of them this far apart. Left to itself, Linux takes two hours and eleven
/// minutes, in which each holds a place in `max_in_flight`.
inline constexpr auto probe_after = 60s;
inline constexpr auto probe_interval = 15s;
/// The same where something is unacknowledged, in which case the kernel does not probe.
inline constexpr auto vanished_time = 105s;

/// Bytes that the kernel is asked to hold unread for one connection to the local app. Left to itself it lets a buffer
/// grow to several times the credit of a stream, which a thousand stalled callers would fill; and what comes over
/// loopback needs no more than a few reads.
inline constexpr std::size_t local_unread = 128 * kib;

/// A body as short as this is copied behind its head: one buffer costs the kernel less than two, by more than the copy.
inline constexpr std::size_t joined_write = 4 * kib;

/// Control frames waiting in user space. Only a peer that floods and does not read gets here.
inline constexpr std::size_t control_queue = 256 * kib;

// --- Tunnel connection --------------------------------------------------------------------------------------

/// Time for the hello of a tunnel connection to arrive.
inline constexpr auto hello_time = 10s;

/// Silence after which a ping is sent, and after which the connection is dead.
inline constexpr auto ping_after = 10s;
inline constexpr auto dead_after = 25s;

/// No byte taken by the tunnel socket in this time kills the connection.
inline constexpr auto link_write_time = 30s;

/// A replaced or refused peer has this long to take its goaway before the socket is closed.
inline constexpr auto goaway_time = 1s;

/// Tunnel connections open at once; one more displaces the oldest that is not the active client's, so that neither a
/// scan nor clients that replace each other can pile them up or keep a client out.
inline constexpr std::size_t max_handshakes = 64;

/// Clients that the server remembers to have replaced. More than anyone starts while one of them sleeps; a hello bounds
/// what each takes.
inline constexpr std::size_t replaced_clients = 64;

/// Sockets served in one iteration of the event loop: as many as are ready at once on a busy server. More would wait
/// for those before them in any case.
inline constexpr std::size_t sockets_per_iteration = 256;

/// Rounds of deferred work at the end of an event-loop iteration: work that deferred work defers, such as the write of
/// what a read produced, still runs in the same iteration. Any more runs in the next, so that sockets are not starved.
inline constexpr int deferred_rounds = 2;

// --- Settings -----------------------------------------------------------------------------------------------

/// The longest time that a setting may name: more is a slip of the pen, and near the end of what a clock can count.
inline constexpr std::chrono::milliseconds longest_setting = 24h;

/// Ports below need a right of the system.
inline constexpr unsigned first_free_port = 1024;

/// A settings file: hundreds of times what all settings take. Anything longer is another file, named by mistake.
inline constexpr std::size_t settings_file = 64 * kib;

// --- HTTP ---------------------------------------------------------------------------------------------------

/// Start line and fields together: more than common servers take, and one frame carries it whole however much of it
/// has to be escaped. A request target has the same bound: RFC 9112 section 3 asks for 8,000 bytes at least.
inline constexpr std::size_t max_head = 60 * kib;

/// What --max-header-bytes may be raised to.
inline constexpr std::size_t largest_head = 1 * mib;

/// A head above `max_head` is refused if it does not fit into one frame once escaped, with a body slice in base64, and
/// the trailers and fields that the tunnel adds.
inline constexpr std::size_t max_escaped_head = max_frame - body_slice / 3 * 4 - 64 * kib;

/// Fields in a head: 60 KiB of two-byte fields would be 15,000 entries.
inline constexpr std::size_t max_fields = 1000;

/// A folded field value, joined: folding has been obsolete for decades, and values were short.
inline constexpr std::size_t max_folded = 4 * kib;

/// What comes in a frame may be larger than a head by what the tunnel adds (Via, X-Forwarded-*, Host).
inline constexpr std::size_t added_fields = 8;
inline constexpr std::size_t added_bytes = 4 * kib;

/// Chunk-size line with its extensions, and the trailer section.
inline constexpr std::size_t max_chunk_line = 8 * kib;
inline constexpr std::size_t max_trailers = 8 * kib;

/// Interim (1xx) responses relayed before the final one: an endless series is an attack.
inline constexpr unsigned max_interim = 32;

/// First size of a connection's input buffer: most heads fit, and an idle connection stays below 8 KiB in all.
inline constexpr std::size_t input_start = 3 * kib;

/// The head of a response waits for its body where at most the first size of that is missing: many apps write the
/// two apart, microseconds between them, and together they are one frame, one write and one packet to the caller.
/// This delay is not noticeable where the body comes later.
inline constexpr std::chrono::milliseconds head_wait{2};

/// Time for a request head to arrive whole once its first byte did (408).
inline constexpr auto head_time = 30s;

/// Idle keep-alive connections are closed after this time.
inline constexpr auto idle_time = 75s;

/// A body that moves no byte for this long, while only the caller holds it up, ends the connection.
inline constexpr auto body_stall_time = 60s;

/// Time for the final response head after the request was forwarded (504).
inline constexpr auto response_time = 300s;

/// After our last byte we read and drop what the caller still sends, so that no reset overtakes the response
/// (RFC 9112 section 9.6).
inline constexpr auto linger_idle_time = 5s;
inline constexpr auto linger_time = 30s;

/// Public connections open at once.
inline constexpr std::size_t max_connections = 10'000;

/// Connections beyond that which still receive a 503 before they are closed; any more are just closed.
inline constexpr std::size_t turned_away = 256;

/// Open files that the server needs beside its connections: standard files, event queue, timers, listeners, log.
inline constexpr std::size_t own_files = 16;

/// Requests in flight at once; one more is refused with 503 `overloaded`.
inline constexpr std::size_t max_in_flight = 1024;

/// Advice in Retry-After of a 503, in seconds.
inline constexpr unsigned retry_after = 1;

/// A shutdown waits this long for what is in flight.
inline constexpr auto drain_time = 30s;

/// A shutdown does not wait for a response of unknown length that has moved nothing for this long: it may never end.
inline constexpr std::chrono::milliseconds drain_quiet_time = 1s;

/// A WebSocket that a shutdown ends has this long to close behind the Close frames that both its ends receive, so that
/// all of it takes less than a second: several round trips across the world.
inline constexpr std::chrono::milliseconds websocket_close_time = 500ms;

/// A connection that was just accepted has this long to bring its first request when a shutdown begins.
inline constexpr auto drain_grace = 250ms;

/// Requests that a shutdown does not wait for receive a 503 within this time, then their connections are reset:
/// enough for a caller across the world, and short for an operator who sent a second signal.
inline constexpr auto last_responses_time = 250ms;

/// First and longest pause of an accept loop that met EMFILE and the like.
inline constexpr auto accept_backoff_first = 10ms;
inline constexpr auto accept_backoff_cap = 1s;

/// Connections that the kernel completes before they are accepted: what Linux allows by default. A listener that stops
/// takes so many more and no others, so that callers who were waiting are served, and an endless series of new ones is
/// not waited for.
inline constexpr int listen_queue = 4096;

// --- Client -------------------------------------------------------------------------------------------------

/// Connecting to the local app, and to the server.
inline constexpr auto local_connect_time = 5s;
inline constexpr auto connect_time = 10s;

/// A request that the app could not be given is still read for an observer, until it has enough of the body or this has
/// passed: the response is out, and a slow sender is not to hold a stream for long.
inline constexpr auto unsent_request_time = 5s;

/// An app that closed an idle connection sooner than this behind its response closes them on purpose, without having
/// announced it. A request that must not be sent twice waits this long before it reuses a connection to such an app:
/// the close nearly always arrives at once and ends the wait.
inline constexpr std::chrono::milliseconds local_fresh_time = 1s;

/// The same wait where the app has not yet shown whether it keeps connections, which is once in the life of a client:
/// longer than a loaded machine takes from the app's response to its close.
inline constexpr std::chrono::milliseconds local_settle_time = 100ms;

/// Whether an app that responds to nothing speaks TLS is asked once in this time, and for this long: a failing request
/// waits for it.
inline constexpr auto tls_check_interval = 10s;
inline constexpr std::chrono::milliseconds tls_check_time = 500ms;

/// Reconnect: this many quick tries after about `reconnect_quick`, then `reconnect_brief_tries` with full jitter up to
/// `reconnect_first`, so that a server that restarts is found within a second of its being back; then doubling to
/// `reconnect_cap`. Reset after `reconnect_reset` of being up.
inline constexpr unsigned reconnect_quick_tries = 3;
inline constexpr auto reconnect_quick = 200ms;
inline constexpr unsigned reconnect_brief_tries = 20;
inline constexpr auto reconnect_first = 1s;
inline constexpr auto reconnect_cap = 10s;
inline constexpr auto reconnect_reset = 5s;

/// Addresses of one name are tried that far apart, side by side (RFC 8305 section 5), and so many at most: more would
/// be a mistake in the DNS, or an attack.
inline constexpr auto dial_stagger = std::chrono::milliseconds(250);
inline constexpr std::size_t dialled_addresses = 16;

/// A client that stands by asks this often, half of it more or less, whether the slot is free: with that jitter, a free
/// slot is empty for less than a second.
inline constexpr auto standby_time = 600ms;

// --- Memory -------------------------------------------------------------------------------------------------

/// What a thread keeps of the memory that comes and goes with requests: of each size up to the largest, blocks and
/// bytes at most, together 3.7 MiB. An iteration of the event loop gives back what `sockets_per_iteration` requests
/// held, some of them two blocks of a size, before a read of the link takes it again. With 256 blocks and 128 KiB, a
/// thousand requests in flight went through malloc.
inline constexpr std::size_t recycled_largest = 4 * kib;
inline constexpr std::size_t recycled_blocks = 512;
inline constexpr std::size_t recycled_bytes = 512 * kib;

/// The same of buffers for body slices, shared and whole, together less than 2 MiB: what two streams with all their
/// credit have on the way.
inline constexpr std::size_t recycled_shared_slices = 32;
inline constexpr std::size_t recycled_slices = 20;

// --- Log ----------------------------------------------------------------------------------------------------

/// How long lines are gathered for one write: enough for those of many requests, too short for a reader to notice.
inline constexpr std::chrono::milliseconds log_flush_interval{50};

/// Log text kept while stderr does not take it; beyond it lines are dropped and counted.
inline constexpr std::size_t log_queue = 256 * kib;

/// What a log line shows of a request target; targets reach 16 KiB.
inline constexpr std::size_t log_target = 1 * kib;

}  // namespace tunnel::limits
