#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/stream_compressor.hpp"
#include "protocol/stream_expander.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"

namespace {

using namespace tunnel;

struct outcome {
    std::string expanded;
    std::error_code error;
    bool operator==(const outcome&) const = default;
};

/// Expands what a hostile peer sends, `step` bytes at a time, as a link does whose frames are never bodies.
outcome expand_in_steps(std::string_view wire, std::size_t step) {
    outcome result;
    protocol::stream_expander expander;
    byte_buffer piece;
    while (!wire.empty() && !result.error) {
        expander.received().append(wire.substr(0, step));
        wire.remove_prefix(std::min(step, wire.size()));
        while (expander.pending() && !result.error) {
            piece.clear();
            result.error = expander.expand(piece);
            if (piece.size() > limits::expand_at_once) std::abort();
            if (expander.memory() > limits::expander_memory + 2 * limits::mib) std::abort();
            result.expanded.append(piece.view());
            if (!result.error) result.error = expander.count(piece.size(), 0);
        }
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view wire(reinterpret_cast<const char*>(bytes), size);
    const auto whole = expand_in_steps(wire, size);
    // How many bytes of an erroneous block come out before its error depends on how it arrived.
    const auto split = expand_in_steps(wire, 7);
    if (!whole.error && !split.error && split.expanded != whole.expanded) std::abort();

    // What was expanded comes out of the own compressor and expander as it went in.
    protocol::stream_compressor compressor;
    byte_buffer again;
    compressor.compress(std::string_view(whole.expanded).substr(0, limits::mib), again);
    if (!std::string_view(whole.expanded).starts_with(expand_in_steps(again.view(), 4096).expanded)) std::abort();
    return 0;
}
