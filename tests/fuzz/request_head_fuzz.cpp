#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>

#include "http/message_head.hpp"
#include "tunnel/base/limits.hpp"
#include "unlooked_at.hpp"

// Any octets as a request head: the same result however they arrive, nothing accepted that may not be written, and
// what is written reads the same again.

namespace {

using namespace tunnel;

struct result {
    std::size_t size = 0;
    http::http_error error;
    http::received_request received;
};

void require(bool condition) {
    if (!condition) std::abort();
}

/// First `first` octets, then `step` more at a time. Each piece is a copy, so that stale views are seen.
result parse(std::string_view bytes, std::size_t first, std::size_t step) {
    http::request_parser parser{limits::max_head};
    result got;
    for (std::size_t n = first;; n += step) {
        const std::string buffered{bytes.substr(0, n)};
        got.size = parser.parse(buffered, got.received, got.error);
        require(got.size <= buffered.size());
        require(got.size == 0 || !got.error);
        if (got.size > 0 || got.error || n >= bytes.size()) return got;
    }
}

void require_same(const result& a, const result& b) {
    require(a.size == b.size && a.error.status == b.error.status && a.error.detail == b.error.detail);
    if (a.size == 0) return;
    const auto& [x, y] = std::tie(a.received, b.received);
    require(x.head.method == y.head.method && x.head.target == y.head.target && x.head.fields == y.head.fields);
    require(x.head.content_length == y.head.content_length && x.head.upgrade == y.head.upgrade);
    require(x.head.accepts_trailers == y.head.accepts_trailers && x.minor == y.minor && x.body == y.body);
    require(x.keep_alive == y.keep_alive && x.expects_continue == y.expects_continue && x.hop_by_hop == y.hop_by_hop);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = parse(bytes, size, 1);
    if (size < 4096) {
        require_same(whole, parse(bytes, 1, 1));
        require_same(whole, parse(bytes, size / 2, size));
        require_same(whole, parse(bytes, size / 3, 7));
    }
    if (whole.size == 0) return 0;

    const auto& received = whole.received;
    require(http::is_writable(received.head));
    require(http::is_writable(fuzz::unlooked_at(received.head.fields)));
    require(received.body != http::body_kind::length || received.head.content_length > 0);
    require(received.body != http::body_kind::chunked || !received.head.content_length);

    byte_buffer written;
    http::append_request_head(written, received.head, received.body);
    const auto again = parse(written.view(), written.size(), 1);
    // A head near a limit can grow past it: it gains a Host line, say, or blanks behind the colons.
    if (again.error.status == 431) return 0;
    require(again.size == written.size());
    const auto& [x, y] = std::tie(received.head, again.received.head);
    require(x.method == y.method && x.target == y.target && x.content_length == y.content_length);
    require(x.upgrade == y.upgrade && x.accepts_trailers == y.accepts_trailers);
    require(received.body == again.received.body);
    require(x.fields == y.fields || !x.fields.contains("Host"));
    return 0;
}
