#include "json_writer.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::protocol {

namespace {

/// One frame under construction. Dropped without `finish`, it leaves nothing behind: after a failed allocation no
/// half frame may reach the wire.
class frame_writer {
 public:
    frame_writer(byte_buffer& out, std::string_view start) : out_(out), begin_(begin_frame(out)) { literal(start); }
    frame_writer(const frame_writer&) = delete;
    frame_writer& operator=(const frame_writer&) = delete;
    ~frame_writer() {
        if (!finished_) out_.truncate(begin_);
    }

    frame_writer& literal(std::string_view json) {
        out_.append(json);
        return *this;
    }
    frame_writer& number(std::string_view before, std::uint64_t n) {
        literal(before);
        json::put_number(out_, n);
        return *this;
    }
    frame_writer& octets(std::string_view before, std::string_view value) {
        literal(before);
        json::put_octets(out_, value);
        return *this;
    }
    frame_writer& text(std::string_view before, std::string_view value) {
        literal(before);
        json::put_text(out_, value);
        return *this;
    }
    frame_writer& fields(std::string_view before, const field_list& list) {
        literal(before).literal("[");
        for (const field f : list) octets("[", f.name).octets(",", f.value).literal("],");
        if (!list.empty()) out_.truncate(out_.size() - 1);
        return literal("]");
    }
    /// What request, response and data end with. The body comes last: in a packet capture the rest stands together.
    void finish(std::string_view body, bool end, const field_list& trailers, body_form form) {
        literal(end ? R"(,"end":true)" : R"(,"end":false)");
        if (end && !trailers.empty()) fields(R"(,"trailers":)", trailers);
        if (body.empty()) return finish();
        if (form == body_form::raw) {
            out_.push_back('}');
            out_.append(body);
            end_frame(out_, begin_, true);
            finished_ = true;
            return;
        }
        literal(R"(,"body":)");
        json::put_base64(out_, body);
        finish();
    }
    void finish() {
        out_.push_back('}');
        end_frame(out_, begin_);
        finished_ = true;
    }

 private:
    byte_buffer& out_;
    std::size_t begin_;
    bool finished_ = false;
};

}  // namespace

void append_frame(byte_buffer& out, const hello& m) {
    frame_writer frame(out, R"({"type":"hello")");
    frame.number(R"(,"protocol":)", m.protocol).text(R"(,"agent":)", m.agent);
    frame.number(R"(,"window":)", m.window).number(R"(,"max_streams":)", m.max_streams);
    if (m.takeover) frame.literal(R"(,"takeover":true)");
    if (m.raw_bodies) frame.literal(R"(,"raw_bodies":true)");
    frame.finish();
}

void append_frame(byte_buffer& out, const window& m) {
    frame_writer frame(out, R"({"type":"window")");
    frame.number(R"(,"id":)", m.id).number(R"(,"bytes":)", m.bytes);
    frame.finish();
}

void append_frame(byte_buffer& out, const cancel& m) {
    frame_writer frame(out, R"({"type":"cancel")");
    frame.number(R"(,"id":)", m.id).text(R"(,"reason":)", to_string(m.reason));
    frame.finish();
}

void append_frame(byte_buffer& out, const fin& m) {
    frame_writer frame(out, R"({"type":"fin")");
    frame.number(R"(,"id":)", m.id);
    frame.finish();
}

void append_frame(byte_buffer& out, const ping& m) {
    frame_writer frame(out, R"({"type":"ping")");
    frame.number(R"(,"nonce":)", m.nonce);
    frame.finish();
}

void append_frame(byte_buffer& out, const pong& m) {
    frame_writer frame(out, R"({"type":"pong")");
    frame.number(R"(,"nonce":)", m.nonce);
    frame.finish();
}

void append_frame(byte_buffer& out, const goaway& m) {
    frame_writer frame(out, R"({"type":"goaway")");
    frame.text(R"(,"reason":)", to_string(m.reason));
    if (!m.detail.empty()) frame.text(R"(,"detail":)", m.detail);
    frame.finish();
}

void append_request(byte_buffer& out, stream_id id, const request_head& head, std::string_view body, bool end,
                    const field_list& trailers, body_form form) {
    frame_writer frame(out, R"({"type":"request")");
    frame.number(R"(,"id":)", id).octets(R"(,"method":)", head.method).octets(R"(,"path":)", head.target);
    frame.fields(R"(,"headers":)", head.fields);
    if (head.content_length) frame.number(R"(,"content_length":)", *head.content_length);
    if (!head.upgrade.empty()) frame.octets(R"(,"upgrade":)", head.upgrade);
    if (head.accepts_trailers) frame.literal(R"(,"te":"trailers")");
    frame.finish(body, end, trailers, form);
}

void append_response(byte_buffer& out, stream_id id, const response_head& head, std::string_view body, bool end,
                     const field_list& trailers, body_form form) {
    frame_writer frame(out, R"({"type":"response")");
    frame.number(R"(,"id":)", id).number(R"(,"status":)", head.status);
    if (!head.reason.empty()) frame.octets(R"(,"reason":)", head.reason);
    frame.fields(R"(,"headers":)", head.fields);
    if (head.content_length) frame.number(R"(,"content_length":)", *head.content_length);
    if (!head.upgrade.empty()) frame.octets(R"(,"upgrade":)", head.upgrade);
    frame.finish(body, end, trailers, form);
}

void append_data(byte_buffer& out, stream_id id, std::string_view body, bool end, const field_list& trailers,
                 body_form form) {
    frame_writer frame(out, R"({"type":"data")");
    frame.number(R"(,"id":)", id).finish(body, end, trailers, form);
}

}  // namespace tunnel::protocol
