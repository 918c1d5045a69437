#pragma once

/// The free lists of recycled_memory.hpp.
namespace tunnel {

/// Frees what the lists of the calling thread keep. The next requests have to ask the C library for it again.
void empty_free_lists() noexcept;

}  // namespace tunnel
