#pragma once

/// Memory for the moment when there is none. Asio ends the program where it cannot allocate the few octets that it
/// takes to drop a coroutine (the destructor of awaitable_thread posts), so they come from here: while an exception is
/// on its way up, and only then.
namespace tunnel::net {

/// Sets the reserve aside, again where it was used up. Any thread.
void keep_memory_reserve() noexcept;

}  // namespace tunnel::net
