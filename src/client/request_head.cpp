#include "client/request_head.hpp"

#include "http/head_writer.hpp"

namespace tunnel::client {

using http::body_kind;

body_kind framing_of(const protocol::request& request) {
    if (request.head.content_length) return body_kind::length;
    if (!request.head.upgrade.empty()) return body_kind::none;
    return request.end && request.body.empty() ? body_kind::none : body_kind::chunked;
}

void append_head(byte_buffer& out, const protocol::request& request, std::string_view app_host, std::size_t behind) {
    append_request_head(out, request.head, {.body = framing_of(request), .app_host = app_host}, behind);
}

}  // namespace tunnel::client
