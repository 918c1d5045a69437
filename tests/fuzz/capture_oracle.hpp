#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.hpp"
#include "inspection/capture.hpp"
#include "inspector/body_capture.hpp"
#include "inspector/record.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/http/field_list.hpp"

/// Compares the record of an exchange with what the server sent and got, and with what the app got and sent.
namespace tunnel::fuzz {

[[noreturn]] inline void wrong(const char* what, std::string_view bytes) {
    std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(bytes.size()), bytes.data());
    std::abort();
}

inline void expect(bool condition, const char* what, std::string_view bytes) {
    if (!condition) wrong(what, bytes);
}

inline std::string lines_of(const http::field_list& fields) {
    std::string text;
    for (const auto f : fields) text.append(f.name).append(": ").append(f.value).append("\r\n");
    return text;
}

inline std::string lines_of(const inspector::field_lines& fields) {
    std::string text;
    for (const auto& [name, value] : fields) text.append(name).append(": ").append(value).append("\r\n");
    return text;
}

/// A request as the server sent it, and what the server got for it.
struct server_view {
    std::string target;
    std::string body;
    std::string trailers;
    bool end = false;
    int status = 0;  ///< 0: it got no final response
    std::vector<int> interim;
    std::string response_body;
    std::string response_trailers;
    bool response_end = false;
};

/// A request as the app got it.
struct app_view {
    std::string_view head;
    std::string body;
    std::string trailers;
    bool chunked = false;
    bool whole = false;
};

/// The first bytes of `kept` are the first of `seen`, length and hash those of all of it.
inline void expect_same(const inspector::body_copy& kept, std::string_view seen, const char* what) {
    expect(inspector::copy_body(seen, kept.bytes.size()) == kept, what, seen);
}

/// `seen` may end earlier than what was kept.
inline void expect_prefix(std::string_view seen, const inspector::body_copy& kept, const char* what) {
    const auto both = std::min(seen.size(), kept.bytes.size());
    expect(seen.size() <= kept.length && seen.substr(0, both) == std::string_view(kept.bytes).substr(0, both), what,
           seen);
}

/// Reads requests off the bytes that one connection of the app got. Our own framing is plain: no extensions, no blanks.
class app_reader {
 public:
    explicit app_reader(std::string_view received) : rest_(received) {}

    [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

    /// False: the head is not whole. Behind a request for an upgrade all that follows is its body.
    bool next(app_view& out) {
        const auto end = rest_.find("\r\n\r\n");
        if (end == std::string_view::npos) return false;
        http::request_parser parser(2 * limits::max_head);
        http::received_request request;
        http::parse_error error;
        const auto size = parser.parse(rest_, request, error);
        expect(!error && size == end + 4, "what the app got is not a request", rest_);
        out.head = rest_.substr(0, size);
        rest_.remove_prefix(size);
        if (!request.head.upgrade.empty()) {
            out.body = rest_;
            rest_ = {};
        } else if (request.body == http::body_kind::chunked) {
            out.chunked = true;
            while (take_chunk(out)) {
            }
        } else {
            const auto length = request.head.content_length.value_or(0);
            out.body = rest_.substr(0, length);
            rest_.remove_prefix(out.body.size());
            out.whole = out.body.size() == length;
        }
        return true;
    }

 private:
    /// False: it was the last, or is not whole; then the rest belongs to it.
    bool take_chunk(app_view& out) {
        const auto line = rest_.find("\r\n");
        std::size_t size = 0;
        const auto* const begin = rest_.data();
        const auto* const end = begin + std::min(line, rest_.size());
        if (line == std::string_view::npos) return cut();
        const auto read = std::from_chars(begin, end, size, 16);
        expect(read.ec == std::errc{} && read.ptr == end, "the app got a broken chunk", rest_);
        rest_.remove_prefix(line + 2);
        if (size == 0) return take_trailers(out);
        out.body += rest_.substr(0, size);
        if (rest_.size() < size + 2) return cut();
        expect(rest_.substr(size, 2) == "\r\n", "the app got a broken chunk", rest_);
        rest_.remove_prefix(size + 2);
        return true;
    }

    bool take_trailers(app_view& out) {
        const auto end = rest_.starts_with("\r\n") ? 0 : rest_.find("\r\n\r\n");
        if (end == std::string_view::npos) return cut();
        out.trailers = rest_.substr(0, end == 0 ? 0 : end + 2);
        rest_.remove_prefix(out.trailers.size() + 2);
        out.whole = true;
        return false;
    }

    bool cut() {
        rest_ = {};
        return false;
    }

    std::string_view rest_;
};

inline bool has_label(const inspector::record& r, std::string_view label) {
    return std::ranges::find(r.labels, label) != r.labels.end();
}

/// Of a WebSocket messages are kept, not bytes. An app may switch to it although another protocol was asked for.
inline bool is_kept_as_messages(const inspector::record& r) {
    const auto* upgrade = inspector::find_field(r.response.fields, "Upgrade");
    return r.response.status == 101 && upgrade != nullptr && inspector::same_name(*upgrade, "websocket");
}

inline void expect_request_of_app(const inspector::record& r, const app_view& seen) {
    expect(r.request.raw_sent == seen.head, "the app got another head than was kept", seen.head);
    if (is_kept_as_messages(r)) return;
    // What follows a refused upgrade may be another request.
    if (r.response.status != 101 && inspector::find_field(r.request.fields, "Upgrade") != nullptr) return;
    if (!seen.whole) return expect_prefix(seen.body, r.request.body, "the app got bytes that were not kept");
    expect_same(r.request.body, seen.body, "the app got another body than was kept");
    if (seen.chunked) {
        expect(lines_of(r.request.trailers) == seen.trailers, "the app got other trailers than were kept",
               seen.trailers);
    }
}

inline void expect_request_of_server(const inspector::record& r, const server_view& sent) {
    expect(r.state != inspector::record_state::pending, "a record did not end", sent.target);
    if (is_kept_as_messages(r)) return;
    const auto& kept = r.request.body;
    expect(kept.length <= sent.body.size(), "more was kept than was sent", sent.body);
    expect_same(kept, std::string_view(sent.body).substr(0, kept.length), "another body was kept than was sent");
    if (r.response.status == 101 || has_label(r, inspection::incomplete_request)) return;
    expect(sent.end && kept.length == sent.body.size(), "a part of a body counts as all of it", sent.body);
    expect(lines_of(r.request.trailers) == sent.trailers, "other trailers were kept than were sent", sent.trailers);
}

inline void expect_response_of_server(const inspector::record& r, const server_view& got) {
    const auto& kept = r.response;
    expect(got.interim.size() <= kept.interim.size(), "an interim response was not kept", got.target);
    for (std::size_t i = 0; i < got.interim.size(); ++i) {
        expect(kept.interim[i].status == got.interim[i], "another interim response was kept", kept.interim[i].raw);
    }
    if (got.status == 0) return;
    expect(kept.status == got.status, "another status was kept", kept.raw_head);
    if (is_kept_as_messages(r)) return;
    if (!got.response_end) return expect_prefix(got.response_body, kept.body, "a response was not kept");
    expect_same(kept.body, got.response_body, "another response was kept");
    expect(lines_of(kept.trailers) == got.response_trailers, "other trailers were kept", got.response_trailers);
}

}  // namespace tunnel::fuzz
