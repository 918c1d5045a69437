#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "head_feeding.hpp"
#include "http/head_writer.hpp"
#include "http/request_parser.hpp"
#include "http/writable.hpp"
#include "tunnel/base/limits.hpp"
#include "unlooked_at.hpp"

// Any bytes as a request head: the same result however they arrive, nothing accepted that may not be written, and what
// is written reads the same again.

namespace {

using namespace tunnel;
using fuzz::require;

auto make_parser() {
    return [parser = std::make_shared<http::request_parser>(limits::max_head)](
               std::string_view buffered, http::received_request& out, http::parse_error& error) {
        return parser->parse(buffered, out, error);
    };
}

void require_same(const http::received_request& x, const http::received_request& y) {
    require(x.head == y.head && x.minor == y.minor && x.body == y.body && x.keep_alive == y.keep_alive);
    require(x.expects_continue == y.expects_continue && x.hop_by_hop == y.hop_by_hop);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = fuzz::feed_all_ways<http::received_request>(make_parser, bytes, require_same);
    if (whole.size == 0) return 0;

    const auto& received = whole.received;
    require(http::is_writable(received.head));
    require(http::is_writable(fuzz::unlooked_at(received.head.fields)));
    require(received.body != http::body_kind::length || received.head.content_length > 0);
    require(received.body != http::body_kind::chunked || !received.head.content_length);

    byte_buffer written;
    http::append_request_head(written, received.head, {.body = received.body, .app_host = "app:1"});
    const auto again = fuzz::feed<http::received_request>(make_parser(), written.view(), written.size(), 1);
    // A head near a limit can grow past it: it gains a Host line, say, or spaces behind the colons.
    if (again.error.kind == http::error_kind::too_large) return 0;
    require(again.size == written.size());
    const auto& [x, y] = std::tie(received.head, again.received.head);
    require(x.method == y.method && x.target == y.target && x.content_length == y.content_length);
    require(!x.fields.contains("Host") || x.content_length_at == y.content_length_at);
    require(x.upgrade == y.upgrade && x.accepts_trailers == y.accepts_trailers);
    require(received.body == again.received.body);
    require(x.fields == y.fields || !x.fields.contains("Host"));
    return 0;
}
