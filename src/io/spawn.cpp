#include "io/spawn.hpp"

#include "base/log.hpp"
#include "io/memory_reserve.hpp"

namespace tunnel::io {

namespace {

void log_what(std::string_view where, const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        spdlog::error("{} ended by an internal error: {}", where, e.what());
    } catch (...) {
        spdlog::error("{} ended by an unknown internal error", where);
    }
}

}  // namespace

void log_exception(std::string_view where, const std::exception_ptr& error) noexcept {
    if (!error) return;
    try {
        log_what(where, error);
    } catch (...) {
        // No memory for a line about it either.
    }
    keep_memory_reserve();  // where it was memory: what failed has given its own back
}

}  // namespace tunnel::io
