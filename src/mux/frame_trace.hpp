#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// Whether the log's level is trace. Asked once a connection, so that a frame costs one reading of a member.
[[nodiscard]] bool traces_frames() noexcept;

/// `192.0.2.1:4711 sent data stream=7 bytes=1024 end`
void write_frame_trace(std::string_view peer, std::string_view type, std::uint64_t id, std::size_t bytes, bool end);
/// `192.0.2.1:4711 sent closed connection=873120`: the number that ids of requests begin with.
void write_closed_trace(std::string_view peer, std::uint64_t connection);
/// `192.0.2.1:4711 sent goaway reason=replaced`
void write_goaway_trace(std::string_view peer, std::string_view reason);

namespace frame_type {

constexpr std::string_view name(const protocol::unknown&) { return "unknown"; }
constexpr std::string_view name(const protocol::hello&) { return "hello"; }
constexpr std::string_view name(const protocol::request&) { return "request"; }
constexpr std::string_view name(const protocol::response&) { return "response"; }
constexpr std::string_view name(const protocol::data&) { return "data"; }
constexpr std::string_view name(const protocol::window&) { return "window"; }
constexpr std::string_view name(const protocol::cancel&) { return "cancel"; }
constexpr std::string_view name(const protocol::fin&) { return "fin"; }
constexpr std::string_view name(const protocol::ping&) { return "ping"; }
constexpr std::string_view name(const protocol::pong&) { return "pong"; }
constexpr std::string_view name(const protocol::goaway&) { return "goaway"; }
constexpr std::string_view name(const protocol::closed_connection&) { return "closed"; }

}  // namespace frame_type

/// One line for a message that arrived.
template <class Message>
void trace_frame(std::string_view peer, const Message& m) {
    if constexpr (requires { m.connection; } && !requires { m.id; }) return write_closed_trace(peer, m.connection);
    if constexpr (requires { m.reason; } && !requires { m.id; }) return write_goaway_trace(peer, to_string(m.reason));
    std::uint64_t id = 0;
    std::size_t bytes = 0;
    bool end = false;
    if constexpr (requires { m.id; }) id = m.id;
    if constexpr (requires { m.bytes; }) bytes = m.bytes;
    if constexpr (requires { m.body; }) {
        bytes = m.body.size();
        end = m.end;
    }
    write_frame_trace(peer, frame_type::name(m), id, bytes, end);
}

}  // namespace tunnel::mux
