#include "server/response_framing.hpp"

#include "http/writable.hpp"

namespace tunnel::server {

using http::body_kind;

body_kind frame_for_caller(protocol::response& response, std::string_view method, unsigned minor) {
    auto& head = response.head;
    if (method == "HEAD" || head.status == 204 || head.status == 304) return body_kind::none;
    if (head.interim() || head.status == 101) return body_kind::none;
    if (head.status == 205) {
        head.content_length = 0;  // RFC 9110 section 15.3.6
        return body_kind::none;
    }
    if (head.content_length) return body_kind::length;
    if (response.end && response.body.empty()) {
        head.content_length = 0;
        return body_kind::length;
    }
    return minor == 0 ? body_kind::until_close : body_kind::chunked;
}

bool is_sound(const protocol::response& response, body_kind kind, bool upgrade_asked) {
    const auto& head = response.head;
    if (kind == body_kind::none && head.status != 101 && !response.body.empty()) return false;
    if (kind == body_kind::length && response.end && response.body.size() != head.content_length) return false;
    if (head.status == 101 && (!upgrade_asked || head.upgrade.empty())) return false;
    return http::is_writable(head) && http::is_writable(response.trailers);
}

}  // namespace tunnel::server
