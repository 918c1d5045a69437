#include "tunnel/base/recycled_memory.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/free_lists.hpp"
#include "tunnel/base/limits.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define TUNNEL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TUNNEL_ASAN 1
#endif
#endif
#ifdef TUNNEL_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace tunnel {

namespace {

// Two sizes to each doubling: 64, 96, 128, 192 and so on. A block is used by more than half, but for the smallest.
constexpr std::size_t smallest = 64;

// A slice and a little more: base64 decoding wants up to two bytes of room that the padding of the text leaves unused.
constexpr std::size_t slice_slack = 1 * limits::kib;
constexpr std::size_t shared_slice = limits::shared_body_slice + slice_slack;
constexpr std::size_t full_slice = limits::body_slice + slice_slack;

// A smaller one would waste more than it saves.
constexpr std::size_t full_slice_from = full_slice / 2;

constexpr std::size_t small_sizes = 13;
constexpr std::size_t shared_slice_list = small_sizes;
constexpr std::size_t full_slice_list = small_sizes + 1;
constexpr std::size_t lists = small_sizes + 2;

struct place {
    std::size_t list;
    std::size_t size;
};

constexpr place small_place(std::size_t size) noexcept {
    const std::size_t last = std::max(size, smallest) - 1;
    const auto width = static_cast<std::size_t>(std::bit_width(last));
    const std::size_t upper_half = last >> (width - 2) & 1;
    constexpr auto first_width = static_cast<std::size_t>(std::bit_width(smallest - 1));
    return {2 * (width - first_width) + upper_half - 1, (3 + upper_half) << (width - 2)};
}
static_assert(small_place(1).list == 0 && small_place(smallest).size == smallest);
static_assert(small_place(smallest + 1).list == 1 && small_place(smallest + 1).size == smallest * 3 / 2);
static_assert(small_place(limits::recycled_largest).list == small_sizes - 1 &&
              small_place(limits::recycled_largest).size == limits::recycled_largest);

/// List `lists`: a size that is not kept.
constexpr place place_of(std::size_t size) noexcept {
    if (size <= limits::recycled_largest) return small_place(size);
    if (size <= shared_slice) return {shared_slice_list, shared_slice};
    if (size > full_slice_from && size <= full_slice) return {full_slice_list, full_slice};
    return {lists, size};
}

constexpr auto most_kept = [] {
    std::array<std::size_t, lists> most{};
    for (std::size_t size = smallest; size <= limits::recycled_largest; ++size) {
        const auto [list, rounded] = small_place(size);
        most[list] = std::min(limits::recycled_blocks, limits::recycled_bytes / rounded);
    }
    most[shared_slice_list] = limits::recycled_shared_slices;
    most[full_slice_list] = limits::recycled_slices;
    return most;
}();
static_assert(std::ranges::max(most_kept) <= limits::recycled_blocks);

void poison([[maybe_unused]] char* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef TUNNEL_ASAN
    __asan_poison_memory_region(block, size);
#endif
}
void unpoison([[maybe_unused]] char* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef TUNNEL_ASAN
    __asan_unpoison_memory_region(block, size);
#endif
}

// The addresses are not in the blocks: those are poisoned, and LeakSanitizer does not look there.
struct free_list {
    std::size_t kept = 0;
    std::array<char*, limits::recycled_blocks> blocks{};
};

enum class thread_state : unsigned char { new_born, at_work, ending };

// Neither has a destructor, so both can still be used when objects die after the clearance of their thread.
constinit thread_local std::array<free_list, lists> this_threads_lists{};
constinit thread_local thread_state state = thread_state::new_born;

struct clearance {
    clearance() = default;
    clearance(const clearance&) = delete;
    clearance& operator=(const clearance&) = delete;
    ~clearance() {
        state = thread_state::ending;
        empty_free_lists();
    }
};

/// Whether a block may be kept on this thread, which clears its lists when it ends.
bool may_keep() noexcept {
    if (state == thread_state::at_work) return true;
    if (state == thread_state::ending) return false;
    thread_local const clearance at_end;
    state = thread_state::at_work;
    return true;
}

}  // namespace

memory_block take_memory(std::size_t size) {
    const auto [number, rounded] = place_of(size);
    if (number != lists) {
        free_list& from = this_threads_lists[number];
        if (from.kept != 0) {
            char* const block = from.blocks[--from.kept];
            unpoison(block, rounded);
            return {block, rounded};
        }
    }
    return {static_cast<char*>(::operator new(rounded)), rounded};
}

void give_memory_back(char* data, std::size_t size) noexcept {
    const auto [number, rounded] = place_of(size);
    if (number != lists) {
        free_list& to = this_threads_lists[number];
        if (to.kept < most_kept[number] && may_keep()) {
            poison(data, rounded);
            to.blocks[to.kept++] = data;
            return;
        }
    }
    ::operator delete(data);
}

void empty_free_lists() noexcept {
    for (free_list& each : this_threads_lists) {
        while (each.kept != 0) ::operator delete(each.blocks[--each.kept]);
    }
}

}  // namespace tunnel
