#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/body_decoder.hpp"
#include "http/head_writer.hpp"
#include "http/writable.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "unlooked_at.hpp"

// Any bytes as a chunked body, strict and lenient: the same result however they arrive; what was decoded, written as
// chunks again, decodes to the same; and what is valid in strict mode reads the same in lenient mode.

namespace {

using namespace tunnel;

struct result {
    std::string body;
    std::size_t consumed = 0;
    http::parse_error error;
    bool done = false;
    http::field_list trailers;
    bool faulty = false;
};

void require(bool condition) {
    if (!condition) std::abort();
}

result decode(http::body_decoder decoder, std::string_view bytes, std::size_t first, std::size_t step) {
    result got;
    std::size_t n = first;
    while (got.consumed < bytes.size() && !decoder.done() && !got.error) {
        std::string piece{bytes.substr(got.consumed, n)};
        n = step;
        const auto taken = decoder.decode(piece.data(), piece.size(), got.error);
        require(taken.consumed <= piece.size() && taken.produced <= taken.consumed);
        require(taken.consumed == piece.size() || decoder.done() || got.error);
        got.body.append(piece, 0, taken.produced);
        got.consumed += taken.consumed;
    }
    got.done = decoder.done();
    got.trailers = decoder.trailers();
    got.faulty = decoder.faulty_framing();
    return got;
}

result decode_all_ways(const http::body_decoder& decoder, std::string_view bytes) {
    auto whole = decode(decoder, bytes, bytes.size(), 1);
    for (const auto& other : {decode(decoder, bytes, 1, 1), decode(decoder, bytes, bytes.size() / 2 + 1, bytes.size()),
                              decode(decoder, bytes, bytes.size() / 3 + 1, 7)}) {
        require(other.body == whole.body && other.error == whole.error && other.done == whole.done);
        require(whole.error ||
                (other.consumed == whole.consumed && other.trailers == whole.trailers && other.faulty == whole.faulty));
    }
    return whole;
}

/// Writes what was decoded in chunks of `chunk` bytes.
result check_chunked(std::string_view bytes, std::size_t chunk, http::parse_mode mode) {
    auto whole = decode_all_ways({http::body_kind::chunked, 0, "X-Hop", mode}, bytes);
    require(whole.body.size() <= bytes.size());
    if (!whole.done || whole.error) return whole;
    require(http::is_writable(whole.trailers) && !whole.trailers.contains("x-hop"));
    require(http::is_writable(fuzz::unlooked_at(whole.trailers)));

    byte_buffer written;
    for (std::string_view rest = whole.body; !rest.empty();) {
        const auto piece = rest.substr(0, chunk);
        http::append_chunk_start(written, piece.size());
        written.append(piece);
        written.append(http::chunk_end);
        rest.remove_prefix(piece.size());
    }
    http::append_last_chunk(written, whole.trailers);
    const auto again = decode_all_ways({http::body_kind::chunked, 0}, written.view());
    // Trailers near their limit grow past it with the spaces behind the colons.
    if (again.error.kind == http::error_kind::too_large) return whole;
    require(again.done && again.consumed == written.size());
    require(again.body == whole.body && again.trailers == whole.trailers);
    return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};

    const auto sized = decode_all_ways({http::body_kind::length, data[0]}, bytes);
    require(sized.body == bytes.substr(0, data[0]) && !sized.error);

    const auto strict = check_chunked(bytes, 1 + data[0], http::parse_mode::strict);
    const auto lenient = check_chunked(bytes, 1 + data[0], http::parse_mode::lenient);
    require(!strict.faulty);
    if (!strict.done || strict.error) return 0;
    require(lenient.done && !lenient.faulty && lenient.consumed == strict.consumed);
    require(lenient.body == strict.body && lenient.trailers == strict.trailers);
    return 0;
}
