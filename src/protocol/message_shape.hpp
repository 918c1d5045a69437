#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/message.hpp"

/// Which members each type of message has, and the rule for each, for the decoder.
namespace tunnel::protocol::shapes {

/// In the order of the variant `message`.
enum class kind : std::uint8_t {
    unknown,
    hello,
    request,
    response,
    data,
    window,
    cancel,
    fin,
    ping,
    pong,
    goaway,
    closed
};

static_assert(static_cast<std::size_t>(kind::closed) + 1 == std::variant_size_v<message>);

inline kind kind_from(std::string_view name) noexcept {
    const auto either = [name](std::string_view known, kind k) { return name == known ? k : kind::unknown; };
    switch (name.size()) {
        case 3:
            return either("fin", kind::fin);
        case 4:
            if (name == "data") return kind::data;
            return name == "ping" ? kind::ping : either("pong", kind::pong);
        case 5:
            return either("hello", kind::hello);
        case 6:
            if (name == "window") return kind::window;
            if (name == "closed") return kind::closed;
            return name == "cancel" ? kind::cancel : either("goaway", kind::goaway);
        case 7:
            return either("request", kind::request);
        case 8:
            return either("response", kind::response);
        default:
            return kind::unknown;
    }
}

enum class member : std::uint8_t {
    type,
    id,
    method,
    path,
    headers,
    content_length,
    content_length_at,
    body,
    end,
    upgrade,
    te,
    trailers,
    status,
    reason,
    protocol,
    agent,
    window,
    max_streams,
    takeover,
    instance,
    raw_bodies,
    versions,
    probe,
    public_url,
    time,
    compress,
    connection,
    caller,
    bytes,
    nonce,
    detail,
    unknown,
};

inline member member_from(std::string_view key) noexcept {
    const auto either = [key](std::string_view name, member m) { return key == name ? m : member::unknown; };
    switch (key.size()) {
        case 2:
            return key == "id" ? member::id : either("te", member::te);
        case 3:
            return either("end", member::end);
        case 4:
            if (key == "type") return member::type;
            if (key == "time") return member::time;
            return key == "path" ? member::path : either("body", member::body);
        case 5:
            if (key == "nonce") return member::nonce;
            if (key == "probe") return member::probe;
            return key == "bytes" ? member::bytes : either("agent", member::agent);
        case 6:
            if (key == "method") return member::method;
            if (key == "status") return member::status;
            if (key == "caller") return member::caller;
            if (key == "reason") return member::reason;
            return key == "window" ? member::window : either("detail", member::detail);
        case 7:
            return key == "headers" ? member::headers : either("upgrade", member::upgrade);
        case 8:
            if (key == "trailers") return member::trailers;
            if (key == "protocol") return member::protocol;
            if (key == "versions") return member::versions;
            if (key == "compress") return member::compress;
            return key == "takeover" ? member::takeover : either("instance", member::instance);
        case 10:
            if (key == "public_url") return member::public_url;
            if (key == "connection") return member::connection;
            return either("raw_bodies", member::raw_bodies);
        case 11:
            return either("max_streams", member::max_streams);
        case 14:
            return either("content_length", member::content_length);
        case 17:
            return either("content_length_at", member::content_length_at);
        default:
            return member::unknown;
    }
}

using member_set = std::uint32_t;

template <class... Members>
constexpr member_set set_of(Members... members) noexcept {
    return (member_set{0} | ... | (member_set{1} << static_cast<unsigned>(members)));
}

/// What a type needs and what it may have besides; any other member of it is unknown and ignored.
struct shape {
    member_set required;
    member_set optional = 0;
};

constexpr shape shape_of(kind k) noexcept {
    using enum member;
    switch (k) {
        case kind::hello:
            return {set_of(protocol, member::window, max_streams),
                    set_of(agent, takeover, instance, raw_bodies, versions, probe, public_url, time, compress)};
        case kind::request:
            return {set_of(id, method, path, end), set_of(headers, content_length, content_length_at, body, upgrade, te,
                                                          trailers, connection, caller)};
        case kind::response:
            return {set_of(id, status, end),
                    set_of(reason, headers, content_length, content_length_at, body, upgrade, trailers)};
        case kind::data:
            return {set_of(id, end), set_of(body, trailers)};
        case kind::window:
            return {set_of(id, bytes)};
        case kind::cancel:
            return {set_of(id, reason), set_of(detail)};
        case kind::fin:
            return {set_of(id)};
        case kind::ping:
        case kind::pong:
            return {set_of(nonce)};
        case kind::goaway:
            return {set_of(reason), set_of(detail, versions)};
        case kind::closed:
            return {set_of(connection)};
        case kind::unknown:
            break;
    }
    return {0};
}

/// A member as messages about it name it.
struct member_rule {
    std::string_view name;
    std::string_view rule;    ///< what its value must be
    std::size_t longest = 0;  ///< bytes; beyond it, the stream is at fault. 0: no bound of its own
};

inline constexpr std::string_view number_rule = "must be an integer from 0 to 2^53-1";
inline constexpr std::string_view positive_rule = "must be an integer from 1 to 2^53-1";
inline constexpr std::string_view text_rule = "must be a string";
inline constexpr std::string_view flag_rule = "must be true or false";
inline constexpr std::string_view fields_rule = "must be an array of pairs of strings";

/// In the order of `member`.
inline constexpr std::array<member_rule, static_cast<std::size_t>(member::unknown)> member_rules{{
    {"type", text_rule},
    {"id", positive_rule},
    {"method", text_rule, limits::max_method},
    {"path", text_rule, limits::largest_head},
    {"headers", fields_rule, limits::largest_head},
    {"content_length", number_rule},
    {"content_length_at", number_rule},
    {"body", "must be a base64 string, and not stand beside a raw body"},
    {"end", flag_rule},
    {"upgrade", text_rule, limits::max_upgrade},
    {"te", text_rule},
    {"trailers", "must be an array of pairs of strings, and needs `end`", limits::max_trailers},
    {"status", "must be an integer from 100 to 999"},
    {"reason", text_rule, limits::max_reason},
    {"protocol", number_rule},
    {"agent", text_rule},
    {"window", number_rule},
    {"max_streams", number_rule},
    {"takeover", flag_rule},
    {"instance", text_rule},
    {"raw_bodies", flag_rule},
    {"versions", "must be an array of 1 to 16 integers"},
    {"probe", flag_rule},
    {"public_url", text_rule},
    {"time", number_rule},
    {"compress", "must be a string or an array of strings"},
    {"connection", positive_rule},
    {"caller", text_rule},
    {"bytes", number_rule},
    {"nonce", number_rule},
    {"detail", text_rule},
}};

}  // namespace tunnel::protocol::shapes
