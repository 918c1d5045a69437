#pragma once

#include <chrono>
#include <cstddef>

/// What the operating system is asked for beyond Asio: the one place for system specifics.
namespace tunnel {

/// A peer that closed must show as an error of the write, not end the program.
void ignore_sigpipe() noexcept;

/// A program started with closed standard files would get sockets in their place, and log into them.
void open_standard_files() noexcept;

/// Whether a line can be written to this file without waiting for its reader; an error is left to the write.
[[nodiscard]] bool takes_bytes(int file) noexcept;

/// Whether a person reads this file: it is a terminal.
[[nodiscard]] bool is_terminal(int file) noexcept;

/// The same, and colours are wanted there: NO_COLOR is not set, and the terminal is not a dumb one.
[[nodiscard]] bool shows_colours(int file) noexcept;

/// Whether this file leads to the journal of the service manager (systemd).
[[nodiscard]] bool is_journal(int file) noexcept;

/// Raises the soft limit of open files to the hard one, and returns it.
std::size_t raise_file_limit() noexcept;

/// For a socket whose peers are on this machine, before it connects or listens: it sends as soon as there is room.
/// Where the system's congestion control spaces segments out in time (BBR), each pause costs a timer, and loopback has
/// no path to be gentle to. Called later it changes the congestion control, but the kernel goes on spacing.
void send_unpaced(int descriptor) noexcept;

/// Bytes that the kernel would send on this TCP socket in a round trip at the speed it has found; 0 where it does not
/// say.
[[nodiscard]] std::size_t bytes_per_round_trip(int descriptor) noexcept;

/// Round trip of a TCP connection as the system has measured it, that of its handshake at first; 0 where it does not
/// say.
[[nodiscard]] std::chrono::microseconds round_trip(int descriptor) noexcept;

/// Bytes written to a TCP socket that its peer has not acknowledged; 0 where the system does not say.
[[nodiscard]] std::size_t bytes_unacknowledged(int descriptor) noexcept;

/// Lets the kernel find out that the peer of a TCP socket has vanished without a FIN: it probes an idle connection, and
/// ends it with ETIMEDOUT after `idle` plus three probes `interval` apart without a reply.
void probe_peer(int descriptor, std::chrono::seconds idle, std::chrono::seconds interval) noexcept;

/// Ends a connection whose peer acknowledges nothing, or has no room, for that long. Without it the kernel goes on for
/// a quarter of an hour. Does nothing where the system has no such option.
void limit_unacknowledged(int descriptor, std::chrono::milliseconds time) noexcept;

/// From here on the calling thread gets only the time that no other thread wants. It cannot be taken back. Does nothing
/// where the system has no such thing.
void run_when_idle() noexcept;

/// Processor time that the program has used, of all its threads.
[[nodiscard]] std::chrono::nanoseconds processor_time() noexcept;

/// Returns the memory that was freed, and that the C library keeps, to the system. Takes milliseconds, and the next
/// allocations take longer. Does nothing where the C library has no function for it.
void return_free_memory() noexcept;

/// Time since the machine was started, including what it slept.
[[nodiscard]] std::chrono::nanoseconds time_since_boot() noexcept;

}  // namespace tunnel
