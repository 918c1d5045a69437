#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "head_feeding.hpp"
#include "http/head_writer.hpp"
#include "http/response_parser.hpp"
#include "http/writable.hpp"
#include "tunnel/base/limits.hpp"
#include "unlooked_at.hpp"

// Any bytes as a response head, to a HEAD request or another: see request_head_fuzz.cpp. What is accepted although it
// is faulty reads as flawless HTTP once it is written.

namespace {

using namespace tunnel;
using fuzz::require;

auto make_parser(bool to_head) {
    return [to_head, parser = std::make_shared<http::response_parser>(limits::max_head)](
               std::string_view buffered, http::received_response& out, http::parse_error& error) {
        return parser->parse(buffered, to_head, out, error);
    };
}

void require_same(const http::received_response& x, const http::received_response& y) {
    require(x.head == y.head && x.body == y.body && x.keep_alive == y.keep_alive);
    require(x.faulty_framing == y.faulty_framing && x.hop_by_hop == y.hop_by_hop);
}

void check(std::string_view bytes, bool to_head) {
    const auto make = [to_head] { return make_parser(to_head); };
    const auto whole = fuzz::feed_all_ways<http::received_response>(make, bytes, require_same);
    require(!whole.error || whole.error.status == 502);
    if (whole.size == 0) return;

    const auto& received = whole.received;
    require(http::is_writable(received.head));
    require(http::is_writable(fuzz::unlooked_at(received.head.fields)));
    require(!received.faulty_framing || !received.keep_alive);
    require(received.body != http::body_kind::length || received.head.content_length > 0);
    require(!to_head || received.body == http::body_kind::none);

    byte_buffer written;
    http::append_response_head(written, received.head, {.minor = 1, .keep_alive = true, .body = received.body});
    const auto again = fuzz::feed<http::received_response>(make(), written.view(), written.size(), 1);
    if (again.error.kind == http::error_kind::too_large) return;
    require(again.size == written.size() && !again.received.faulty_framing);
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
