#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "inspector/event_stream_reader.hpp"
#include "inspector/websocket_reader.hpp"

// Any bytes as one direction of a WebSocket, with and without compression, and as an event stream: the same messages
// however they are cut, and none larger than the cap.

namespace {

using namespace tunnel::inspector;

constexpr std::size_t cap = 64;

void require(bool condition) {
    if (!condition) std::abort();
}

struct result {
    std::vector<websocket_message> messages;
    bool failed = false;
};

result read(std::string_view bytes, std::size_t step, const websocket_deflate& deflate) {
    websocket_reader reader(deflate, cap);
    result all;
    while (!bytes.empty()) {
        for (auto& m : reader.feed(message_direction::from_caller, bytes.substr(0, step), {})) {
            require(m.data.size() <= cap && m.length >= m.data.size());
            all.messages.push_back(std::move(m));
        }
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    all.failed = !reader.problem(message_direction::from_caller).empty();
    return all;
}

std::vector<stream_event> read_events(std::string_view bytes, std::size_t step) {
    event_stream_reader reader(cap);
    std::vector<stream_event> all;
    while (!bytes.empty()) {
        for (auto& e : reader.feed(bytes.substr(0, step), {})) {
            require(e.data.size() <= cap && e.length >= e.data.size());
            all.push_back(std::move(e));
        }
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const bool compressed : {false, true}) {
        const websocket_deflate deflate{compressed, size % 2 == 0, true};
        const auto whole = read(bytes, size + 1, deflate);
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}}) {
            const auto other = read(bytes, step, deflate);
            require(other.messages == whole.messages && other.failed == whole.failed);
        }
    }
    require(read_events(bytes, 1) == read_events(bytes, size + 1));
    return 0;
}
