#pragma once

#include <cstddef>

/// What the operating system is asked for beyond Asio: the one place for system specifics.
namespace tunnel::net {

/// A peer that closed must show as an error of the write, not end the program.
void ignore_sigpipe() noexcept;

/// A program started with closed standard files would get sockets in their place, and log into them.
void open_standard_files() noexcept;

/// Raises the soft limit of open files to the hard one, and returns it.
std::size_t raise_file_limit() noexcept;

}  // namespace tunnel::net
