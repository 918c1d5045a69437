#include "protocol/message_members.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace tunnel::protocol::shapes {

void begin(kind k, message& out, members& m) {
    switch (k) {
        case kind::hello: {
            auto& to = out.emplace<hello>();
            m.agent = &to.agent;
            m.instance = &to.instance;
            m.versions = &to.versions;
            m.public_url = &to.public_url;
            m.compress = &to.compress;
            m.compress_offer = &to.compress_offer;
            break;
        }
        case kind::request: {
            auto& to = out.emplace<request>();
            m.method = &to.head.method;
            m.target = &to.head.target;
            m.fields = &to.head.fields;
            m.upgrade = &to.head.upgrade;
            m.body = &to.body;
            m.trailers = &to.trailers;
            m.caller = &to.from.caller;
            break;
        }
        case kind::response: {
            auto& to = out.emplace<response>();
            m.reason = &to.head.reason;
            m.fields = &to.head.fields;
            m.upgrade = &to.head.upgrade;
            m.body = &to.body;
            m.trailers = &to.trailers;
            break;
        }
        case kind::data: {
            auto& to = out.emplace<data>();
            m.body = &to.body;
            m.trailers = &to.trailers;
            break;
        }
        case kind::goaway: {
            auto& to = out.emplace<goaway>();
            m.detail = &to.detail;
            m.versions = &to.versions;
            break;
        }
        case kind::cancel:
            m.detail = &out.emplace<cancel>().detail;
            break;
        case kind::window:
        case kind::fin:
        case kind::ping:
        case kind::pong:
        case kind::closed:
        case kind::unknown:
            break;
    }
}

namespace {

void finish_of_link(kind k, const members& m, message& out) {
    switch (k) {
        case kind::hello: {
            constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
            auto& to = std::get<hello>(out);
            to.protocol = static_cast<std::uint32_t>(std::min(m.protocol, most));
            to.window = m.window;
            to.max_streams = m.max_streams;
            to.takeover = m.takeover;
            to.raw_bodies = m.raw_bodies;
            to.probe = m.probe;
            to.time = m.time;
            break;
        }
        case kind::window:
            out = window{m.id, m.bytes};
            break;
        case kind::cancel:
            std::get<cancel>(out).id = m.id;
            std::get<cancel>(out).reason = m.cancelled;
            break;
        case kind::fin:
            out = fin{m.id};
            break;
        case kind::ping:
            out = ping{m.nonce};
            break;
        case kind::pong:
            out = pong{m.nonce};
            break;
        case kind::goaway:
            std::get<goaway>(out).reason = m.going;
            break;
        case kind::closed:
            out = closed_connection{m.connection};
            break;
        case kind::unknown:
            out = unknown{};
            break;
        default:
            break;
    }
}

}  // namespace

void finish(kind k, const members& m, message& out) {
    std::optional<std::uint64_t> content_length;
    if (m.has(member::content_length)) content_length = m.content_length;
    auto content_length_at = http::behind_all_fields;
    if (content_length)
        content_length_at = static_cast<std::uint32_t>(std::min<std::uint64_t>(m.content_length_at, content_length_at));
    switch (k) {
        case kind::request: {
            auto& to = std::get<request>(out);
            to.id = m.id;
            to.head.content_length = content_length;
            to.head.content_length_at = content_length_at;
            to.head.accepts_trailers = m.accepts_trailers;
            to.from.connection = m.connection;
            to.end = m.end;
            break;
        }
        case kind::response: {
            auto& to = std::get<response>(out);
            to.id = m.id;
            to.head.status = static_cast<unsigned>(m.status);
            to.head.content_length = content_length;
            to.head.content_length_at = content_length_at;
            to.end = m.end;
            break;
        }
        case kind::data: {
            auto& to = std::get<data>(out);
            to.id = m.id;
            to.end = m.end;
            break;
        }
        default:
            finish_of_link(k, m, out);
            break;
    }
}

}  // namespace tunnel::protocol::shapes
