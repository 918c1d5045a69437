#include "http/connection_notes.hpp"

#include <charconv>
#include <system_error>

#include "http/grammar.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {

void connection_notes::clear() noexcept {
    options_.clear();
    upgrade_.clear();
    content_length_.reset();
    coding_ = coding::none;
    accepts_trailers_ = false;
}

http_error connection_notes::add(connection_field which, std::string_view value) {
    switch (which) {
        case connection_field::connection:
            if (options_.add_usual(value)) break;
            options_.add(value);
            [[fallthrough]];
        case connection_field::proxy_connection:
            if (!grammar::is_token_list(value)) return {400, "a malformed list in Connection"};
            break;
        case connection_field::content_length:
            return add_content_length(value);
        case connection_field::te:
            add_te(value);
            break;
        case connection_field::transfer_encoding:
            add_transfer_encoding(value);
            break;
        case connection_field::upgrade:
            add_upgrade(value);
            break;
        case connection_field::none:
        case connection_field::http2_settings:
        case connection_field::keep_alive:
            break;
    }
    return {};
}

// Lines and members that say the same are one (RFC 9110 section 8.6).
http_error connection_notes::add_content_length(std::string_view value) noexcept {
    std::uint64_t number = 0;
    if (!content_length_ && grammar::is_short_number(value, number) && number <= limits::max_number) {
        content_length_ = number;
        return {};
    }
    for (;;) {
        const auto comma = value.find(',');
        const auto member = grammar::trim(value.substr(0, comma));
        std::uint64_t length = 0;
        const auto [stopped, error] = std::from_chars(member.data(), member.data() + member.size(), length);
        if (error != std::errc{} || stopped != member.data() + member.size()) {
            return {400, "Content-Length is not a number"};
        }
        if (length > limits::max_number) return {413, "Content-Length is larger than the tunnel can say"};
        if (content_length_.value_or(length) != length) return {400, "differing Content-Length values"};
        content_length_ = length;
        if (comma == std::string_view::npos) return {};
        value.remove_prefix(comma + 1);
    }
}

void connection_notes::add_transfer_encoding(std::string_view value) noexcept {
    coding_ = coding_ == coding::none ? classify(value) : coding::malformed;
}

// A coding we do not know is "not implemented" only where the value is well-formed and leaves the end of the body
// clear.
connection_notes::coding connection_notes::classify(std::string_view value) noexcept {
    if (iequals(value, "chunked")) return coding::chunked;
    bool tokens = true;
    bool before = false;   // chunked, ahead of the last member
    bool chunked = false;  // chunked, the last member
    std::size_t members = 0;
    grammar::for_each_member(value, [&](std::string_view member) {
        tokens = tokens && grammar::is_token(member);
        before = before || chunked;
        chunked = iequals(member, "chunked");
        ++members;
    });
    const bool padded = members == 1 && chunked;  // "chunked,": recipients differ on empty members
    return members == 0 || !tokens || before || padded ? coding::malformed : coding::unknown;
}

void connection_notes::add_te(std::string_view value) noexcept {
    grammar::for_each_member(value, [this](std::string_view member) {
        accepts_trailers_ = accepts_trailers_ || iequals(member, "trailers");
    });
}

void connection_notes::add_upgrade(std::string_view value) {
    grammar::for_each_member(value, [this](std::string_view member) {
        if (iequals(member, "h2c")) return;
        if (!upgrade_.empty()) upgrade_ += ", ";
        upgrade_ += member;
    });
}

http_error connection_notes::check(unsigned minor) const noexcept {
    if (coding_ == coding::none) return {};
    if (content_length_) return {400, "Content-Length and Transfer-Encoding in one message"};
    if (minor == 0) return {400, "Transfer-Encoding in an HTTP/1.0 message"};
    if (coding_ == coding::malformed) return {400, "Transfer-Encoding is not exactly chunked"};
    if (coding_ == coding::unknown) return {501, "a transfer coding other than chunked is not implemented"};
    return {};
}

bool connection_notes::keep_alive(unsigned minor) const noexcept {
    return !options_.close() && (minor > 0 || options_.keep_alive());
}

}  // namespace tunnel::http
