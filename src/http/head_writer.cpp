#include <charconv>

#include "base/copy_bytes.hpp"
#include "http/grammar.hpp"
#include "http/hop_by_hop.hpp"
#include "http/message_head.hpp"
#include "http/status.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

/// Text ahead of a number of at most 20 digits, and room for all that we add to a head by ourselves.
constexpr std::size_t own_text = 256;

/// Writes into room that was made at once: a head is many small pieces.
class head_writer {
 public:
    head_writer(byte_buffer& out, std::size_t room) : out_(out), begin_(out.prepare(room)), at_(begin_) {}
    head_writer(const head_writer&) = delete;
    head_writer& operator=(const head_writer&) = delete;
    ~head_writer() { out_.commit(static_cast<std::size_t>(at_ - begin_)); }

    head_writer& operator<<(std::string_view text) noexcept {
        at_ = copy_octets(at_, text);
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

 private:
    byte_buffer& out_;
    char* begin_;
    char* at_;
};

std::string_view connection_of(const http::request_head& head) noexcept {
    if (!head.upgrade.empty()) return head.accepts_trailers ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n";
    return head.accepts_trailers ? "Connection: TE\r\n" : "";
}

}  // namespace

void append_request_head(byte_buffer& out, const http::request_head& head, body_kind body, std::size_t behind) {
    head_writer to(out, head.method.size() + head.target.size() + head.fields.head_octets() + head.upgrade.size() +
                            own_text + behind);
    to << head.method << " " << head.target << " HTTP/1.1\r\n";
    if (!head.fields.contains("Host")) to << "Host: \r\n";
    to.fields(head.fields);
    if (head.content_length) {
        to << "Content-Length: " << *head.content_length << "\r\n";
    } else if (body == body_kind::chunked) {
        to << "Transfer-Encoding: chunked\r\n";
    }
    if (head.accepts_trailers) to << "TE: trailers\r\n";
    to << connection_of(head);
    if (!head.upgrade.empty()) to << "Upgrade: " << head.upgrade << "\r\n";
    to << "\r\n";
}

void append_response_head(byte_buffer& out, const http::response_head& head, const response_style& style,
                          std::size_t behind) {
    head_writer to(out, head.reason.size() + head.fields.head_octets() + head.upgrade.size() + own_text + behind);
    // The blank behind the code is there even without a reason (RFC 9112 section 4).
    to << "HTTP/1.1 " << std::uint64_t{head.status} << " " << head.reason << "\r\n";
    to.fields(head.fields);
    if (head.status == 101) {
        to << "Connection: Upgrade\r\nUpgrade: " << head.upgrade << "\r\n\r\n";
        return;
    }
    if (head.status < 200) {
        to << "\r\n";
        return;
    }

    bool keep_alive = style.keep_alive;
    if (head.status != 204) {
        if (head.content_length) {
            to << "Content-Length: " << *head.content_length << "\r\n";
        } else if (style.body == body_kind::chunked && style.minor > 0) {
            to << "Transfer-Encoding: chunked\r\n";
        } else if (style.body == body_kind::chunked || style.body == body_kind::until_close) {
            keep_alive = false;
        } else if (head.status == 205) {
            to << "Content-Length: 0\r\n";  // RFC 9110 section 15.3.6
        }
    }
    if (!head.fields.contains("Date")) to << "Date: " << http_date() << "\r\n";
    const bool upgrade = !head.upgrade.empty();
    if (!keep_alive) {
        to << (upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
    } else if (style.minor == 0) {
        to << (upgrade ? "Connection: keep-alive, Upgrade\r\n" : "Connection: keep-alive\r\n");
    } else if (upgrade) {
        to << "Connection: Upgrade\r\n";
    }
    if (upgrade) to << "Upgrade: " << head.upgrade << "\r\n";
    to << "\r\n";
}

void append_chunk_start(byte_buffer& out, std::size_t n) { head_writer(out, 32).hex(n) << "\r\n"; }

void append_last_chunk(byte_buffer& out, const field_list& trailers) {
    head_writer to(out, trailers.head_octets() + 8);
    to << "0\r\n";
    to.fields(trailers);
    to << "\r\n";
}

bool is_writable(const field_list& fields) noexcept {
    if (fields.size() > limits::max_fields + limits::added_fields) return false;
    if (fields.octets() > limits::max_head + limits::added_octets) return false;
    if (fields.all_sound()) return true;
    for (const auto [name, value] : fields) {
        if (!grammar::is_token(name) || !grammar::is_field_value(value) || is_connection_field(name)) return false;
    }
    return true;
}

bool is_writable(const http::request_head& head) noexcept {
    if (!grammar::is_token(head.method) || !grammar::is_target(head.target)) return false;
    // RFC 9112 section 3.2.4: only OPTIONS asks of the server as a whole.
    const bool whole_server = head.target == "*" && head.method == "OPTIONS";
    if (!head.target.starts_with('/') && !whole_server) return false;
    if (!head.upgrade.empty() && !grammar::is_protocol_list(head.upgrade)) return false;
    return is_writable(head.fields);
}

bool is_writable(const http::response_head& head) noexcept {
    if (head.status < 100 || head.status > 599 || !grammar::is_field_value(head.reason)) return false;
    // RFC 9110 sections 15.2.2 and 15.5.22: a 101 must name the protocol, a 426 the ones that would do.
    const bool upgrade = !head.upgrade.empty();
    if (upgrade ? head.status != 101 && head.status != 426 : head.status == 101) return false;
    if (upgrade && !grammar::is_protocol_list(head.upgrade)) return false;
    return is_writable(head.fields);
}

}  // namespace tunnel::http
