#include "io/spawn.hpp"

#include "base/log.hpp"

namespace tunnel::io {

void log_exception(std::string_view where, const std::exception_ptr& error) noexcept {
    if (!error) return;
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        spdlog::error("{} ended by an internal error: {}", where, e.what());
    } catch (...) {
        spdlog::error("{} ended by an unknown internal error", where);
    }
}

}  // namespace tunnel::io
