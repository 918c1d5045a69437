#pragma once

#include <chrono>
#include <cstddef>

/// Bounds of recording, replays and watches.
namespace tunnel::inspection::limits {

/// How often the record of an exchange that goes on is stored anew, and up to which length its bodies with it: they are
/// copied each time.
inline constexpr auto progress_interval = std::chrono::seconds(1);
inline constexpr std::size_t progress_body = std::size_t{64} * 1024;

/// Calls that are replaying at a time; each has a thread, which waits most of the time.
inline constexpr std::size_t replay_batches = 8;

/// Requests that one call may have open at a time, whatever it asks for.
inline constexpr unsigned replay_concurrency = 64;

/// Records that are watched at a time.
inline constexpr std::size_t watches = 32;

/// How often it is looked whether a watched app is back: few notice that long, and it costs some 50 us.
inline constexpr auto watch_interval = std::chrono::milliseconds(200);

/// How long the last good response to a request is looked for: senders have a patience of a few seconds.
inline constexpr auto last_good_search = std::chrono::seconds(2);

/// How often it is looked whether the file of --stub has changed. It is read once it has stayed the same for that long,
/// which is longer than an editor takes to write it.
inline constexpr auto stub_interval = std::chrono::milliseconds(300);

}  // namespace tunnel::inspection::limits
