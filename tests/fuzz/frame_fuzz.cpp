#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/frame.hpp"

namespace {

using namespace tunnel::protocol;

struct outcome {
    std::vector<std::string> payloads;
    std::error_code error;
    std::size_t left = 0;
    bool operator==(const outcome&) const = default;
};

/// Frames as a connection meets them: `step` bytes arrive at a time.
outcome read_in_steps(std::string_view wire, std::size_t step) {
    outcome result;
    tunnel::byte_buffer buffered;
    while (!wire.empty() && !result.error) {
        buffered.append(wire.substr(0, step));
        wire.remove_prefix(std::min(step, wire.size()));
        for (;;) {
            const frame_view frame = read_frame(buffered.view(), result.error);
            if (result.error || !frame.complete()) break;
            if (frame.payload.size() > tunnel::limits::max_frame) std::abort();
            if (frame.total != frame.payload.size() + frame_prefix) std::abort();
            result.payloads.emplace_back(frame.payload);
            buffered.consume(frame.total);
        }
    }
    if (!result.error) result.left = buffered.size();
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view wire(reinterpret_cast<const char*>(bytes), size);
    const outcome whole = read_in_steps(wire, size);
    if (read_in_steps(wire, 1) != whole || read_in_steps(wire, 7) != whole) std::abort();

    tunnel::byte_buffer again;
    for (const std::string& payload : whole.payloads) {
        const std::size_t begin = begin_frame(again);
        again.append(payload);
        end_frame(again, begin);
    }
    if (!wire.starts_with(again.view())) std::abort();
    return 0;
}
