#include "support/frame_peer.hpp"

#include <cstddef>

#include "tunnel/base/limits.hpp"

namespace tunnel::test {

http::field_list fields_of(const lines& list) {
    http::field_list fields;
    for (const auto& [name, value] : list) fields.add(name, value);
    return fields;
}

lines lines_of(const http::field_list& fields) {
    lines list;
    for (const auto [name, value] : fields) list.emplace_back(name, value);
    return list;
}

namespace {

struct describer {
    std::string operator()(const protocol::unknown&) const { return "unknown"; }
    std::string operator()(const protocol::closed_connection& m) const {
        return "closed " + std::to_string(m.connection);
    }
    std::string operator()(const protocol::hello& m) const { return "hello of " + m.agent; }
    std::string operator()(const protocol::request& m) const {
        return "request " + std::to_string(m.id) + " " + m.head.method + " " + m.head.target;
    }
    std::string operator()(const protocol::response& m) const {
        return "response " + std::to_string(m.id) + " " + std::to_string(m.head.status) + " " +
               std::string(m.body.view());
    }
    std::string operator()(const protocol::data& m) const {
        return "data " + std::to_string(m.id) + " of " + std::to_string(m.body.size()) + (m.end ? ", end" : "");
    }
    std::string operator()(const protocol::window& m) const {
        return "window " + std::to_string(m.id) + " +" + std::to_string(m.bytes);
    }
    std::string operator()(const protocol::cancel& m) const {
        return "cancel " + std::to_string(m.id) + " " + std::string(to_string(m.reason));
    }
    std::string operator()(const protocol::fin& m) const { return "fin " + std::to_string(m.id); }
    std::string operator()(const protocol::ping&) const { return "ping"; }
    std::string operator()(const protocol::pong&) const { return "pong"; }
    std::string operator()(const protocol::goaway& m) const {
        return "goaway " + std::string(to_string(m.reason)) + " " + m.detail;
    }
};

}  // namespace

std::string describe(const protocol::message& m) { return std::visit(describer{}, m); }

frame_peer frame_peer::active_client(std::uint16_t port, bool takeover) {
    frame_peer peer{raw_peer(port)};
    peer.say_hello(takeover);
    (void)peer.receive<protocol::hello>();
    peer.leave_first_ping();
    return peer;
}

void frame_peer::leave_first_ping() {
    const auto m = receive_any();
    if (!std::holds_alternative<protocol::ping>(m)) throw peer_error("a ping was expected first, not " + describe(m));
}

std::string frame_peer::receive_text() {
    const auto prefix = connection_.read_exactly(4);
    std::size_t size = 0;
    for (const char byte : prefix) size = size << 8U | static_cast<unsigned char>(byte);
    return connection_.read_exactly(size);
}

protocol::message frame_peer::receive_any() {
    const byte_buffer payload(receive_text());
    protocol::message m;
    if (const auto error = decoder_.decode(payload.view(), m)) {
        throw peer_error("a bad frame came, " + error.message() + ": " + std::string(payload.view()));
    }
    return m;
}

protocol::message frame_peer::receive_but_ping() {
    for (;;) {
        auto m = receive_any();
        const auto* ping = std::get_if<protocol::ping>(&m);
        if (ping == nullptr) return m;
        if (returns_pings_) send(protocol::pong{ping->nonce});
    }
}

std::string frame_peer::receive_body(protocol::stream_id id, bool credit) {
    std::string body;
    for (;;) {
        auto m = receive<protocol::data>();
        if (m.id != id) throw peer_error("data of another stream, " + std::to_string(m.id));
        body += m.body.view();
        if (m.end) return body;
        if (credit && !m.body.empty()) window(id, m.body.size());
    }
}

void frame_peer::send_text(std::string_view payload) {
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 0xFFU);
    frame += payload;
    connection_.send(frame);
}

void frame_peer::say_hello(bool takeover, std::uint64_t window, std::uint64_t max_streams) {
    protocol::hello m;
    m.agent = "scripted/1";
    m.window = window;
    m.max_streams = max_streams;
    m.takeover = takeover;
    send(m);
}

void frame_peer::say_hello_as(std::string instance) {
    protocol::hello m;
    m.window = default_window;
    m.max_streams = 1024;
    m.takeover = true;
    m.instance = std::move(instance);
    send(m);
}

void frame_peer::request(protocol::stream_id id, const http::request_head& head, std::string_view body, bool end,
                         const lines& trailers) {
    byte_buffer frame;
    protocol::append_request(frame, id, head, body, end, fields_of(trailers), protocol::body_form::base64, from_);
    connection_.send(frame.view());
}

void frame_peer::respond(protocol::stream_id id, const http::response_head& head, std::string_view body, bool end,
                         const lines& trailers) {
    byte_buffer frame;
    protocol::append_response(frame, id, head, body, end, fields_of(trailers));
    connection_.send(frame.view());
}

void frame_peer::data(protocol::stream_id id, std::string_view body, bool end, const lines& trailers) {
    byte_buffer frame;
    protocol::append_data(frame, id, body, end, fields_of(trailers));
    connection_.send(frame.view());
}

http::request_head request_head(std::string_view method, std::string_view target, const lines& fields) {
    http::request_head head;
    head.method = method;
    head.target = target;
    head.fields = fields_of(fields);
    return head;
}

http::response_head response_head(unsigned status, const lines& fields, std::string_view reason) {
    http::response_head head;
    head.status = status;
    head.reason = reason;
    head.fields = fields_of(fields);
    return head;
}

}  // namespace tunnel::test
