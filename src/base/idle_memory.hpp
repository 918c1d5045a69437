#pragma once

/// What a program that rests gives back.
namespace tunnel {

/// Empties the free lists of the calling thread (recycled_memory.hpp), and gives what the C library keeps of freed
/// memory back to the system. It takes milliseconds, and the next requests have to ask for it again.
void give_back_idle_memory() noexcept;

}  // namespace tunnel
