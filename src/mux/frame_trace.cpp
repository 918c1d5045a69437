#include "mux/frame_trace.hpp"

#include "base/log.hpp"

namespace tunnel::mux {

bool traces_frames() noexcept { return spdlog::should_log(spdlog::level::trace); }

void write_frame_trace(std::string_view peer, std::string_view type, std::uint64_t id, std::size_t bytes, bool end) {
    if (id == 0) return spdlog::trace("{} sent {}", peer, type);
    spdlog::trace("{} sent {} stream={} bytes={}{}", peer, type, id, bytes, end ? " end" : "");
}

void write_closed_trace(std::string_view peer, std::uint64_t connection) {
    spdlog::trace("{} sent closed connection={}", peer, connection);
}

void write_goaway_trace(std::string_view peer, std::string_view reason) {
    spdlog::trace("{} sent goaway reason={}", peer, reason);
}

}  // namespace tunnel::mux
