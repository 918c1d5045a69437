#include <array>
#include <optional>
#include <utility>

#include "protocol/json_writer.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::protocol {

namespace {

/// Prefix, keys and punctuation of any message, and its numbers.
constexpr std::size_t around_the_values = 384;
constexpr std::size_t around_a_number = 21;
constexpr std::string_view around_a_field = R"(["",""],)";

std::size_t room_for(const http::field_list& list) noexcept {
    return list.bytes() + list.size() * around_a_field.size();
}

std::size_t room_for_body(std::string_view body, body_form form) noexcept {
    return form == body_form::raw ? body.size() : base64_encoded_size(body.size());
}

/// One frame under construction. Dropped without `finish`, it leaves nothing behind: after a failed allocation no
/// half frame may reach the wire.
class frame_writer {
 public:
    /// `room`: for the values, were they to stand for themselves.
    frame_writer(byte_buffer& out, std::string_view start, std::size_t room)
        : out_(out), begin_(out.size()), json_(out, around_the_values + room) {
        constexpr std::array<char, frame_prefix> prefix{};
        literal({prefix.data(), prefix.size()}).literal(start);
    }

    frame_writer& literal(std::string_view json) {
        json_.literal(json);
        return *this;
    }
    frame_writer& number(std::string_view before, std::uint64_t n) {
        json_.literal(before);
        json_.number(n);
        return *this;
    }
    /// An array, or nothing where it is empty.
    frame_writer& numbers(std::string_view before, const std::vector<std::uint64_t>& list) {
        for (const auto n : list) number(std::exchange(before, ","), n);
        return list.empty() ? *this : literal("]");
    }
    /// Content-Length, and where it stood unless behind all fields.
    frame_writer& length(const std::optional<std::uint64_t>& content_length, std::uint32_t at) {
        if (!content_length) return *this;
        number(R"(,"content_length":)", *content_length);
        return at == http::behind_all_fields ? *this : number(R"(,"content_length_at":)", at);
    }
    frame_writer& bytes(std::string_view before, std::string_view value) {
        json_.literal(before);
        json_.bytes(value);
        return *this;
    }
    frame_writer& text(std::string_view before, std::string_view value) {
        json_.literal(before);
        json_.text(value);
        return *this;
    }
    frame_writer& fields(std::string_view before, const http::field_list& list) {
        literal(before).literal("[");
        for (const http::field f : list) json_.pair(f);
        if (!list.empty()) json_.drop_last();
        return literal("]");
    }
    /// What request, response and data end with. The body comes last: in a packet capture the rest stands together.
    void finish(std::string_view body, bool end, const http::field_list& trailers, body_form form) {
        literal(end ? R"(,"end":true)" : R"(,"end":false)");
        if (end && !trailers.empty()) fields(R"(,"trailers":)", trailers);
        const bool raw = form == body_form::raw && !body.empty();
        if (!raw && !body.empty()) {
            literal(R"(,"body":)");
            json_.base64(body);
        }
        literal("}");
        if (raw) json_.raw(body);
        json_.finish();
        end_frame(out_, begin_, raw);
    }
    void finish() {
        literal("}");
        json_.finish();
        end_frame(out_, begin_);
    }

 private:
    byte_buffer& out_;
    std::size_t begin_;
    json::writer json_;
};

}  // namespace

void append_frame(byte_buffer& out, const hello& m) {
    std::size_t room = m.agent.size() + m.instance.size() + m.public_url.size() + m.compress.size();
    for (const auto& method : m.compress_offer) room += method.size() + around_a_field.size();
    frame_writer frame(out, R"({"type":"hello")", room + m.versions.size() * around_a_number);
    frame.number(R"(,"protocol":)", m.protocol).text(R"(,"agent":)", m.agent);
    frame.number(R"(,"window":)", m.window).number(R"(,"max_streams":)", m.max_streams);
    if (m.takeover) frame.literal(R"(,"takeover":true)");
    if (!m.instance.empty()) frame.text(R"(,"instance":)", m.instance);
    if (m.raw_bodies) frame.literal(R"(,"raw_bodies":true)");
    frame.numbers(R"(,"versions":[)", m.versions);
    if (m.probe) frame.literal(R"(,"probe":true)");
    if (!m.public_url.empty()) frame.text(R"(,"public_url":)", m.public_url);
    if (m.time > 0) frame.number(R"(,"time":)", m.time);
    std::string_view before = R"(,"compress":[)";
    for (const auto& method : m.compress_offer) frame.text(std::exchange(before, ","), method);
    if (!m.compress_offer.empty()) frame.literal("]");
    if (!m.compress.empty()) frame.text(R"(,"compress":)", m.compress);
    frame.finish();
}

void append_frame(byte_buffer& out, const window& m) {
    frame_writer frame(out, R"({"type":"window")", 0);
    frame.number(R"(,"id":)", m.id).number(R"(,"bytes":)", m.bytes);
    frame.finish();
}

void append_frame(byte_buffer& out, const cancel& m) {
    frame_writer frame(out, R"({"type":"cancel")", m.detail.size());
    frame.number(R"(,"id":)", m.id).text(R"(,"reason":)", to_string(m.reason));
    if (!m.detail.empty()) frame.text(R"(,"detail":)", m.detail);
    frame.finish();
}

void append_frame(byte_buffer& out, const fin& m) {
    frame_writer frame(out, R"({"type":"fin")", 0);
    frame.number(R"(,"id":)", m.id);
    frame.finish();
}

void append_frame(byte_buffer& out, const ping& m) {
    frame_writer frame(out, R"({"type":"ping")", 0);
    frame.number(R"(,"nonce":)", m.nonce);
    frame.finish();
}

void append_frame(byte_buffer& out, const pong& m) {
    frame_writer frame(out, R"({"type":"pong")", 0);
    frame.number(R"(,"nonce":)", m.nonce);
    frame.finish();
}

void append_frame(byte_buffer& out, const goaway& m) {
    frame_writer frame(out, R"({"type":"goaway")", m.detail.size() + m.versions.size() * around_a_number);
    frame.text(R"(,"reason":)", to_string(m.reason));
    if (!m.detail.empty()) frame.text(R"(,"detail":)", m.detail);
    frame.numbers(R"(,"versions":[)", m.versions);
    frame.finish();
}

void append_frame(byte_buffer& out, const closed_connection& m) {
    frame_writer frame(out, R"({"type":"closed")", 0);
    frame.number(R"(,"connection":)", m.connection);
    frame.finish();
}

void append_request(byte_buffer& out, stream_id id, const http::request_head& head, std::string_view body, bool end,
                    const http::field_list& trailers, body_form form, const request_origin& from) {
    const std::size_t room = head.method.size() + head.target.size() + head.upgrade.size() + from.caller.size() +
                             room_for(head.fields) + room_for(trailers) + room_for_body(body, form);
    frame_writer frame(out, R"({"type":"request")", room);
    frame.number(R"(,"id":)", id).bytes(R"(,"method":)", head.method).bytes(R"(,"path":)", head.target);
    frame.fields(R"(,"headers":)", head.fields);
    frame.length(head.content_length, head.content_length_at);
    if (!head.upgrade.empty()) frame.bytes(R"(,"upgrade":)", head.upgrade);
    if (head.accepts_trailers) frame.literal(R"(,"te":"trailers")");
    if (from.connection != 0) frame.number(R"(,"connection":)", from.connection);
    if (!from.caller.empty()) frame.text(R"(,"caller":)", from.caller);
    frame.finish(body, end, trailers, form);
}

void append_response(byte_buffer& out, stream_id id, const http::response_head& head, std::string_view body, bool end,
                     const http::field_list& trailers, body_form form) {
    const std::size_t room = head.reason.size() + head.upgrade.size() + room_for(head.fields) + room_for(trailers) +
                             room_for_body(body, form);
    frame_writer frame(out, R"({"type":"response")", room);
    frame.number(R"(,"id":)", id).number(R"(,"status":)", head.status);
    if (!head.reason.empty()) frame.bytes(R"(,"reason":)", head.reason);
    frame.fields(R"(,"headers":)", head.fields);
    frame.length(head.content_length, head.content_length_at);
    if (!head.upgrade.empty()) frame.bytes(R"(,"upgrade":)", head.upgrade);
    frame.finish(body, end, trailers, form);
}

void append_data(byte_buffer& out, stream_id id, std::string_view body, bool end, const http::field_list& trailers,
                 body_form form) {
    frame_writer frame(out, R"({"type":"data")", room_for(trailers) + room_for_body(body, form));
    frame.number(R"(,"id":)", id).finish(body, end, trailers, form);
}

}  // namespace tunnel::protocol
