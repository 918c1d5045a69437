#include "http/head_writer.hpp"

#include <charconv>

#include "base/copy_bytes.hpp"
#include "http/grammar.hpp"
#include "http/status.hpp"

namespace tunnel::http {
namespace {

/// Room for all that is written beside what the head holds.
constexpr std::size_t own_text = 256;

/// Writes many small texts into room that was made once.
class head_writer {
 public:
    head_writer(byte_buffer& out, std::size_t room) : out_(out), begin_(out.prepare(room)), at_(begin_) {}
    head_writer(const head_writer&) = delete;
    head_writer& operator=(const head_writer&) = delete;
    ~head_writer() { out_.commit(static_cast<std::size_t>(at_ - begin_)); }

    head_writer& operator<<(std::string_view text) noexcept {
        at_ = copy_bytes(at_, text);
        return *this;
    }
    head_writer& operator<<(std::uint64_t n) noexcept {
        at_ = std::to_chars(at_, at_ + 20, n).ptr;
        return *this;
    }
    head_writer& hex(std::size_t n) noexcept {
        at_ = std::to_chars(at_, at_ + 16, n, 16).ptr;
        return *this;
    }
    void fields(const field_list& fields) {
        for (auto line = fields.begin(); line != fields.end(); ++line) *this << line.line();
    }
    /// With Content-Length, where there is one, ahead of line `at`.
    void fields(const field_list& fields, const std::optional<std::uint64_t>& content_length, std::uint32_t at) {
        std::uint32_t ahead = 0;
        bool due = content_length.has_value();
        for (auto line = fields.begin(); line != fields.end(); ++line, ++ahead) {
            if (due && ahead == at) {
                write_length(*content_length);
                due = false;
            }
            *this << line.line();
        }
        if (due) write_length(*content_length);
    }

 private:
    void write_length(std::uint64_t length) noexcept { *this << "Content-Length: " << length << grammar::line_end; }

    byte_buffer& out_;
    char* begin_;
    char* at_;
};

std::string_view connection_of(const request_head& head) noexcept {
    if (!head.upgrade.empty()) return head.accepts_trailers ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n";
    return head.accepts_trailers ? "Connection: TE\r\n" : "";
}

/// What delimits the body where Content-Length does not. Returns whether the connection can be kept open.
bool write_framing(head_writer& to, const response_head& head, const response_style& style) {
    if (head.status == 204 || head.content_length) return style.keep_alive;
    if (style.body == body_kind::chunked && style.minor > 0) {
        to << "Transfer-Encoding: chunked\r\n";
    } else if (style.body == body_kind::chunked || style.body == body_kind::until_close) {
        return false;
    } else if (head.status == 205) {
        to << "Content-Length: 0\r\n";  // RFC 9110 section 15.3.6
    }
    return style.keep_alive;
}

void write_connection(head_writer& to, const response_head& head, unsigned minor, bool keep_alive) {
    const bool upgrade = !head.upgrade.empty();
    if (!keep_alive) {
        to << (upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
    } else if (minor == 0) {
        to << (upgrade ? "Connection: keep-alive, Upgrade\r\n" : "Connection: keep-alive\r\n");
    } else if (upgrade) {
        to << "Connection: Upgrade\r\n";
    }
    if (upgrade) to << "Upgrade: " << head.upgrade << "\r\n";
}

}  // namespace

void append_request_head(byte_buffer& out, const request_head& head, const request_style& style, std::size_t behind) {
    head_writer to(out, head.method.size() + head.target.size() + head.fields.head_bytes() + head.upgrade.size() +
                            style.app_host.size() + own_text + behind);
    to << head.method << " " << head.target << " HTTP/1.1\r\n";
    // RFC 9112 section 3.2: a request in HTTP/1.1 has one, whatever the client's version was.
    if (!head.fields.contains("Host")) to << "Host: " << style.app_host << "\r\n";
    to.fields(head.fields, head.content_length, head.content_length_at);
    if (!head.content_length && style.body == body_kind::chunked) to << "Transfer-Encoding: chunked\r\n";
    if (head.accepts_trailers) to << "TE: trailers\r\n";
    to << connection_of(head);
    if (!head.upgrade.empty()) to << "Upgrade: " << head.upgrade << "\r\n";
    to << "\r\n";
}

void append_response_head(byte_buffer& out, const response_head& head, const response_style& style,
                          std::size_t behind) {
    head_writer to(out, head.reason.size() + head.fields.head_bytes() + head.upgrade.size() + own_text + behind);
    // The space behind the code is there even without a reason (RFC 9112 section 4).
    to << "HTTP/1.1 " << std::uint64_t{head.status} << " " << head.reason << "\r\n";
    if (head.status < 200) {
        to.fields(head.fields);
        if (head.status == 101) to << "Connection: Upgrade\r\nUpgrade: " << head.upgrade << "\r\n";
        to << "\r\n";
        return;
    }
    if (head.status == 204) {
        to.fields(head.fields);
    } else {
        to.fields(head.fields, head.content_length, head.content_length_at);
    }
    const bool keep_alive = write_framing(to, head, style);
    if (!head.fields.contains("Date")) to << "Date: " << http_date() << "\r\n";
    write_connection(to, head, style.minor, keep_alive);
    to << "\r\n";
}

void append_chunk_start(byte_buffer& out, std::size_t n) { head_writer(out, 32).hex(n) << "\r\n"; }

void append_last_chunk(byte_buffer& out, const field_list& trailers) {
    head_writer to(out, trailers.head_bytes() + 8);
    to << "0\r\n";
    to.fields(trailers);
    to << "\r\n";
}

}  // namespace tunnel::http
