#pragma once

/// Memory for the moment when there is none, for what must not fail: what allocates while an exception is on its way
/// up, as Asio does to drop a coroutine, and what says that it must not by a reserve_use.
namespace tunnel::io {

/// Sets the reserve aside, again where it was used up. Any thread.
void keep_memory_reserve() noexcept;
/// Gives one piece of it back to the allocator, as operator new does where it may. False: there is none left. Any
/// thread.
bool give_up_reserve_piece() noexcept;

/// While one lives, its thread may use the reserve.
class reserve_use {
 public:
    /// Where the reserve is used up too: what comes next can bear std::bad_alloc, or waits a while, as it would while
    /// an exception is on its way up.
    enum class lack { fails, waits };

    explicit reserve_use(lack then = lack::fails) noexcept;
    ~reserve_use();
    reserve_use(const reserve_use&) = delete;
    reserve_use& operator=(const reserve_use&) = delete;

 private:
    lack then_;
};

}  // namespace tunnel::io
