#pragma once

/// Memory for the moment when there is none, for what has to allocate while an exception is on its way up, where it
/// must not fail. What Asio takes by aligned_alloc does not ask for it.
namespace tunnel::net {

/// Sets the reserve aside, again where it was used up. Any thread.
void keep_memory_reserve() noexcept;

}  // namespace tunnel::net
