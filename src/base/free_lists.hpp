#pragma once

namespace tunnel {

/// Frees the blocks that take_memory() (recycled_memory.hpp) keeps for the calling thread; it allocates new ones then.
void empty_free_lists() noexcept;

}  // namespace tunnel
