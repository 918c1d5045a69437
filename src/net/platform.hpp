#pragma once

#include <cstddef>
#include <string>

#include "net/asio.hpp"

/// What the operating system is asked for beyond Asio: the one place for system specifics.
namespace tunnel::net {

/// A peer that closed must show as an error of the write, not end the program.
void ignore_sigpipe() noexcept;

/// A program started with closed standard files would get sockets in their place, and log into them.
void open_standard_files() noexcept;

/// Raises the soft limit of open files to the hard one, and returns it.
std::size_t raise_file_limit() noexcept;

/// How much the kernel keeps unsent for a connection, where the system lets that be said (TCP_NOTSENT_LOWAT).
void limit_unsent(tcp::socket& socket, std::size_t octets) noexcept;

/// The error that has come up on a socket (SO_ERROR), which is forgotten with this; none if there is none.
[[nodiscard]] error_code take_error(tcp::socket& socket) noexcept;

/// "192.0.2.1:4711", "[2001:db8::1]:4711"; an IPv4 peer of a dual-stack socket shows as IPv4. "?" if unknown.
[[nodiscard]] std::string remote_name(const tcp::socket& socket);
/// The same without port and brackets.
[[nodiscard]] std::string remote_address(const tcp::socket& socket);

}  // namespace tunnel::net
