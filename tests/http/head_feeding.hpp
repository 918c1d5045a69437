#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_parser.hpp"
#include "http/response_parser.hpp"
#include "tunnel/base/limits.hpp"

/// Heads fed to a parser in every way they can arrive.
namespace tunnel::http::test {

/// A GET with Host and these lines.
inline std::string get(std::string_view field_lines) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string{field_lines} + "\r\n";
}
inline std::string post(std::string_view field_lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string{field_lines} + "\r\n";
}
inline std::string ok(std::string_view field_lines) {
    return "HTTP/1.1 200 OK\r\n" + std::string{field_lines} + "\r\n";
}

using lines = std::vector<std::pair<std::string, std::string>>;

inline lines lines_of(const field_list& fields) {
    lines result;
    for (const auto f : fields) result.emplace_back(f.name, f.value);
    return result;
}

inline field_list fields_of(const lines& list) {
    field_list fields;
    for (const auto& [name, value] : list) fields.add(name, value);
    return fields;
}

template <class Received>
struct parsed {
    std::size_t size = 0;
    parse_error error;
    Received received;
};

inline bool same(const received_request& a, const received_request& b) {
    return a.head.method == b.head.method && a.head.target == b.head.target && a.head.fields == b.head.fields &&
           a.head.content_length == b.head.content_length && a.head.content_length_at == b.head.content_length_at &&
           a.head.upgrade == b.head.upgrade && a.head.accepts_trailers == b.head.accepts_trailers &&
           a.minor == b.minor && a.body == b.body && a.keep_alive == b.keep_alive &&
           a.expects_continue == b.expects_continue && a.hop_by_hop == b.hop_by_hop;
}

inline bool same(const received_response& a, const received_response& b) {
    return a.head.status == b.head.status && a.head.reason == b.head.reason && a.head.fields == b.head.fields &&
           a.head.content_length == b.head.content_length && a.head.content_length_at == b.head.content_length_at &&
           a.head.upgrade == b.head.upgrade && a.body == b.body && a.keep_alive == b.keep_alive &&
           a.faulty_framing == b.faulty_framing && a.hop_by_hop == b.hop_by_hop;
}

template <class Received>
bool same(const parsed<Received>& a, const parsed<Received>& b) {
    if (a.size != b.size || a.error != b.error) return false;
    return a.size == 0 || same(a.received, b.received);
}

struct request_feed {
    using received = received_request;
    request_parser parser{limits::max_head};
    std::size_t operator()(std::string_view buffered, received& out, parse_error& error) {
        return parser.parse(buffered, out, error);
    }
};

struct response_feed {
    using received = received_response;
    bool to_head = false;
    response_parser parser{limits::max_head};
    std::size_t operator()(std::string_view buffered, received& out, parse_error& error) {
        return parser.parse(buffered, to_head, out, error);
    }
};

/// One call with the first `first` bytes, then one for each `step` more, until the parser is done.
template <class Feed>
parsed<typename Feed::received> feed(Feed parse, std::string_view bytes, std::size_t first, std::size_t step) {
    parsed<typename Feed::received> result;
    for (std::size_t n = first;; n += step) {
        // A copy of its own: a view kept from the last call would be seen by the address sanitizer.
        const std::string buffered{bytes.substr(0, n)};
        result.size = parse(buffered, result.received, result.error);
        if (result.size > 0 || result.error || n >= bytes.size()) return result;
    }
}

/// Feeds `bytes` whole, byte by byte and at every split, and expects the same result of all.
template <class MakeFeed>
auto feed_all_ways(MakeFeed make, std::string_view bytes) {
    auto whole = feed(make(), bytes, bytes.size(), 1);
    const bool small = bytes.size() <= 2000;
    const std::size_t step = small ? 1 : 509;  // each call copies what it feeds
    EXPECT_TRUE(same(whole, feed(make(), bytes, 1, step))) << "in steps of " << step << ": " << bytes;
    if (small) {
        for (std::size_t split = 1; split < bytes.size(); ++split) {
            EXPECT_TRUE(same(whole, feed(make(), bytes, split, bytes.size()))) << "split at " << split << ": " << bytes;
        }
    }
    return whole;
}

inline parsed<received_request> parse_request(std::string_view bytes) {
    return feed_all_ways([] { return request_feed{}; }, bytes);
}

inline parsed<received_response> parse_response(std::string_view bytes, bool to_head = false) {
    return feed_all_ways([to_head] { return response_feed{.to_head = to_head}; }, bytes);
}

/// The received message of a head that must be valid, and must end where `bytes` do.
inline received_request good_request(std::string_view bytes) {
    auto result = parse_request(bytes);
    EXPECT_EQ(result.error.detail, "") << bytes;
    EXPECT_EQ(result.size, bytes.size()) << bytes;
    return std::move(result.received);
}

inline received_response good_response(std::string_view bytes, bool to_head = false) {
    auto result = parse_response(bytes, to_head);
    EXPECT_EQ(result.error.detail, "") << bytes;
    EXPECT_EQ(result.size, bytes.size()) << bytes;
    return std::move(result.received);
}

/// Status of the refusal; 0 if there is none.
inline unsigned refused_request(std::string_view bytes) { return parse_request(bytes).error.status; }
inline unsigned refused_response(std::string_view bytes) { return parse_response(bytes).error.status; }

}  // namespace tunnel::http::test
