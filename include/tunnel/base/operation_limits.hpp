#pragma once

#include "tunnel/base/limits.hpp"

/// Bounds of what service managers, monitoring and people at a terminal see, and of waiting for an app that restarts.
/// As limits.hpp, each with its reason.
namespace tunnel::limits {

/// The port for monitoring: a scraper, two probes and a person, with heads as short as theirs are. A request arrives
/// and its response leaves within this time.
inline constexpr std::size_t admin_connections = 8;
inline constexpr std::size_t admin_head = 8 * kib;
inline constexpr auto admin_time = 5s;

/// Sockets that systemd may pass: the two of the server, and room for mistakes.
inline constexpr std::size_t passed_sockets = 16;

/// The head of a proxy's response to CONNECT, which is a line and some fields.
inline constexpr std::size_t proxy_head = 8 * kib;

/// How often systemd is notified of the number of requests in flight, if it changed: often enough for a person who
/// reads the status, while each notification costs a system call here and work in systemd.
inline constexpr std::chrono::milliseconds status_interval = 1s;

/// Where systemd holds the public socket, callers wait in it this long after a start until the client is back, which
/// takes a fraction of a second; then they get 503 as ever.
inline constexpr auto hold_callers = 5s;

/// A server that has not replied for so long is usually behind a firewall that drops packets: the client then says
/// what it waits for.
inline constexpr auto slow_dial = 2500ms;

/// tunnel-client doctor. The shortest of so many round trips has no pause of a scheduler in it. An app that does not
/// respond to HEAD within this time is taken for one that hangs. Clocks that are synchronized are well within
/// `clocks_agree`; webhook providers allow their signatures 300 s, of which transport and repeats need some.
inline constexpr unsigned doctor_pings = 5;
inline constexpr auto doctor_app_time = 5s;
inline constexpr auto clocks_agree = 2s;
inline constexpr auto clocks_mislead = 60s;

/// A server that says that it stops is usually back within a second or two, as at an upgrade: for that long the client
/// tries again after about this time, so that it is there within 100 ms of the server's return. Once nothing listens,
/// a try costs both machines some 50 us.
inline constexpr std::chrono::milliseconds reconnect_announced = 50ms;
inline constexpr unsigned reconnect_announced_tries = 40;

/// A line that a peer can cause as often as it likes is logged this often: seen soon, and 1,440 times a day at most.
inline constexpr std::chrono::milliseconds log_repeat_time = 60s;

/// Clients that come and go are logged so many times in `log_repeat_time`, and so are tunnel peers that break a rule:
/// more than anyone causes who starts, stops and replaces clients by hand, and at most 12 MB a day.
inline constexpr std::uint64_t logged_peers = 20;

/// What a log line shows of a caller's X-Request-Id: a UUID has 36 characters, a trace context 55.
inline constexpr std::size_t log_request_id = 128;

/// While nothing listens on the app's port and requests are held (--wait-for-app), the first of them tries to connect
/// this often: a refused connect over loopback costs some 50 us, and nobody notices that delay behind the start of an
/// app.
inline constexpr std::chrono::milliseconds absent_retry = 50ms;

/// Requests held at a time. Each is a stream of the tunnel connection, so there are no more than those; credit bounds
/// what each holds of its body.
inline constexpr std::size_t held_requests = max_streams;

/// Once the app listens again, so many of the held requests are with it at a time. The queue of a small server in
/// Python has room for five connections, and the kernel lets those beyond it wait for a second.
inline constexpr std::size_t returned_at_once = 4;

/// A request that the app has had for so long no longer counts there: it may be an event stream.
inline constexpr std::chrono::milliseconds returned_next = 100ms;

/// Entries of closed streams that a tunnel connection keeps for the next streams while none is open: as many as a page
/// in a browser and some webhooks open at a time.
inline constexpr std::size_t spare_streams = 64;

/// How often a program checks whether it is idle after a busy time, when it returns memory to the system. Idle: at most
/// 2 ms of processor time since the last check, which is some twenty requests. Busy: 50 ms since the last release;
/// below that there is little to return.
inline constexpr std::chrono::milliseconds idle_check_interval = 2s;
inline constexpr std::chrono::milliseconds idle_processor_time = 2ms;
inline constexpr std::chrono::milliseconds busy_processor_time = 50ms;

}  // namespace tunnel::limits
