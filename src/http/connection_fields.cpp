#include "http/connection_fields.hpp"

#include <charconv>
#include <system_error>

#include "http/grammar.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {

void connection_fields::clear() noexcept {
    options_.clear();
    upgrade_.clear();
    content_length_.reset();
    content_length_at_ = 0;
    coding_ = coding::none;
    accepts_trailers_ = false;
}

parse_error connection_fields::add(connection_field which, std::string_view value, std::size_t ahead) {
    switch (which) {
        case connection_field::connection:
            options_.add(value);
            break;
        case connection_field::content_length:
            if (!content_length_) content_length_at_ = ahead;
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
        case connection_field::proxy_connection:
            break;
    }
    return {};
}

void connection_fields::finish(field_list& fields) {
    options_.finish();
    if (!options_.names_fields()) return;
    const auto length_at = content_length_at_;
    std::size_t line = 0;
    fields.remove_if([&](const field& f) {
        const bool ahead = line++ < length_at;
        if (!options_.names(f.name)) return false;
        if (ahead) --content_length_at_;
        return true;
    });
}

std::uint32_t connection_fields::content_length_at(std::size_t fields) const noexcept {
    const bool is_last = !content_length() || content_length_at_ >= fields;
    return is_last ? behind_all_fields : static_cast<std::uint32_t>(content_length_at_);
}

// Identical lines and list members count as one (RFC 9110 section 8.6).
parse_error connection_fields::add_content_length(std::string_view value) noexcept {
    std::uint64_t number = 0;
    if (!content_length_ && grammar::parse_short_number(value, number) && number <= limits::max_number) {
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
        if (length > limits::max_number)
            return {413, "Content-Length is larger than the tunnel can carry", error_kind::too_large};
        if (content_length_.value_or(length) != length) return {400, "two different Content-Length values"};
        content_length_ = length;
        if (comma == std::string_view::npos) return {};
        value.remove_prefix(comma + 1);
    }
}

void connection_fields::add_transfer_encoding(std::string_view value) noexcept {
    coding_ = coding_ == coding::none ? classify(value) : coding::malformed;
}

// An unknown coding is "not implemented" only if the value is well-formed and the end of the body is clear.
connection_fields::coding connection_fields::classify(std::string_view value) noexcept {
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

void connection_fields::add_te(std::string_view value) noexcept {
    grammar::for_each_member(value, [this](std::string_view member) {
        accepts_trailers_ = accepts_trailers_ || iequals(member, "trailers");
    });
}

void connection_fields::add_upgrade(std::string_view value) {
    grammar::for_each_member(value, [this](std::string_view member) {
        if (iequals(member, "h2c")) return;
        if (!upgrade_.empty()) upgrade_ += ", ";
        upgrade_ += member;
    });
}

parse_error connection_fields::check(unsigned minor) const noexcept {
    if (coding_ == coding::none) return {};
    if (mode_ == parse_mode::strict) {
        if (content_length_) return {400, "Content-Length and Transfer-Encoding in one message"};
        if (minor == 0) return {400, "Transfer-Encoding in an HTTP/1.0 message"};
    }
    if (coding_ == coding::malformed) return {400, "Transfer-Encoding is not exactly chunked"};
    if (coding_ == coding::unknown) {
        return {501, "a transfer coding other than chunked is not implemented", error_kind::unsupported};
    }
    return {};
}

bool connection_fields::faulty(unsigned minor) const noexcept {
    return has_transfer_encoding() && (content_length_ || minor == 0);
}

bool connection_fields::keep_alive(unsigned minor) const noexcept {
    return !options_.close() && (minor > 0 || options_.keep_alive());
}

}  // namespace tunnel::http
