#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>

#include "http/message_head.hpp"
#include "tunnel/base/limits.hpp"
#include "unlooked_at.hpp"

// Any octets as a response head, to a HEAD request or another: see request_head_fuzz.cpp.

namespace {

using namespace tunnel;

struct result {
    std::size_t size = 0;
    http::http_error error;
    http::received_response received;
};

void require(bool condition) {
    if (!condition) std::abort();
}

result parse(std::string_view bytes, bool to_head, std::size_t first, std::size_t step) {
    http::response_parser parser{limits::max_head};
    result got;
    for (std::size_t n = first;; n += step) {
        const std::string buffered{bytes.substr(0, n)};
        got.size = parser.parse(buffered, to_head, got.received, got.error);
        require(got.size <= buffered.size());
        require(got.size == 0 || !got.error);
        if (got.size > 0 || got.error || n >= bytes.size()) return got;
    }
}

void require_same(const result& a, const result& b) {
    require(a.size == b.size && a.error.status == b.error.status && a.error.detail == b.error.detail);
    if (a.size == 0) return;
    const auto& [x, y] = std::tie(a.received, b.received);
    require(x.head.status == y.head.status && x.head.reason == y.head.reason && x.head.fields == y.head.fields);
    require(x.head.content_length == y.head.content_length && x.head.upgrade == y.head.upgrade);
    require(x.body == y.body && x.keep_alive == y.keep_alive && x.hop_by_hop == y.hop_by_hop);
}

void check(std::string_view bytes, bool to_head) {
    const auto whole = parse(bytes, to_head, bytes.size(), 1);
    require(!whole.error || whole.error.status == 502);
    if (bytes.size() < 4096) {
        require_same(whole, parse(bytes, to_head, 1, 1));
        require_same(whole, parse(bytes, to_head, bytes.size() / 2, bytes.size()));
        require_same(whole, parse(bytes, to_head, bytes.size() / 3, 7));
    }
    if (whole.size == 0) return;

    const auto& received = whole.received;
    require(http::is_writable(received.head));
    require(http::is_writable(fuzz::unlooked_at(received.head.fields)));
    require(received.body != http::body_kind::length || received.head.content_length > 0);
    require(!to_head || received.body == http::body_kind::none);

    byte_buffer written;
    http::append_response_head(written, received.head, {.minor = 1, .keep_alive = true, .body = received.body});
    const auto again = parse(written.view(), to_head, written.size(), 1);
    if (again.error.detail == "the head is too long" || again.error.detail == "too many fields") return;
    require(again.size == written.size());
    const auto& [x, y] = std::tie(received.head, again.received.head);
    require(x.status == y.status && x.reason == y.reason && x.upgrade == y.upgrade);
    require(x.content_length == y.content_length);
    require(x.fields == y.fields || (!x.fields.contains("Date") && y.fields.size() == x.fields.size() + 1));
    require(received.body == again.received.body || x.content_length == 0U);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    check(bytes, false);
    check(bytes, true);
    return 0;
}
