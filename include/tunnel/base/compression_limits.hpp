#pragma once

#include "tunnel/base/limits.hpp"

/// Bounds of compression on a tunnel connection. As limits.hpp, each with its reason.
namespace tunnel::limits {

/// A client compresses by itself (`--compress auto`) from this round trip to the server on. In a wired network it is
/// below 1 ms and over Wi-Fi mostly 1 to 3 ms, both faster than a core compresses; the nearest data centres are 4 ms
/// away and more.
inline constexpr std::chrono::microseconds compress_from = 4ms;

/// Window of the compressed streams, part of the protocol: 128 KiB. It decides how large the contexts of both sides
/// are.
inline constexpr int compression_window_log = 17;

/// Compresses text in base64 to 24 % of its size at 450 MB/s (tests/bench/README.md); level 3 has 23 %, is a fifth
/// slower and takes 700 KiB more.
inline constexpr int compression_level = 1;

/// Bytes of whole frames behind which a block ends, so that their receiver need not wait for what follows them: a block
/// is expanded once all of it has arrived. At 80 ms, the first responses of a page are more than TCP sends at first;
/// together in one block, all of them came a round trip later. Text takes 1 % more in blocks of 10 KiB than in those of
/// 64 KiB, and 5 % more in those of 4 KiB.
inline constexpr std::size_t compressed_together = 8 * kib;

/// Memory of the two contexts of a connection that is compressed, as libzstd 1.5 has it.
inline constexpr std::size_t compressor_memory = 1 * mib;
inline constexpr std::size_t expander_memory = 640 * kib;

/// Bytes expanded at a time, before the frames in them are handled and other connections have their turn.
inline constexpr std::size_t expand_at_once = 128 * kib;

/// What a peer may say for free in compressed bytes, bodies aside, and how many times the compressed bytes it may say
/// beyond that: requests of one browser shrink to a 25th, and a thousand bytes can stand for 20 MiB of pings.
inline constexpr std::size_t expansion_allowance = 1 * mib;
inline constexpr std::uint64_t expansion_ratio = 256;

}  // namespace tunnel::limits
