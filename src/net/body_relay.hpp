#pragma once

#include <cstdint>
#include <functional>

#include "net/asio.hpp"
#include "net/body_decoder.hpp"
#include "net/connection.hpp"
#include "net/exchange.hpp"
#include "net/gather.hpp"
#include "net/http_head.hpp"
#include "tunnel/protocol/byte_buffer.hpp"

namespace tunnel::net {

/// Body octets that are buffered behind a head, decoded; they travel in the same frame as the head.
[[nodiscard]] protocol::byte_buffer take_buffered_body(connection& from, body_decoder& decoder, http_error& error);

enum class relay_result {
    complete,   ///< the whole body was handed over
    over,       ///< the exchange ended first
    cut_short,  ///< the connection closed inside the body
    bad_body,   ///< the body's framing is wrong
};

/// Moves the rest of a body from `from` into `to`, as fast as the peer gives credit. `waiting(true)` before each
/// wait for the source, `waiting(false)` before each wait for the peer: whose fault a stall is. `moved` counts.
[[nodiscard]] awaitable<relay_result> relay_body(connection& from, body_decoder& decoder, exchange& to,
                                                 std::function<void(bool)> waiting,
                                                 std::function<void(std::size_t)> moved);

/// Writes body parts from an exchange to a connection in the framing that its head declared.
class body_writer {
 public:
    body_writer() noexcept = default;
    body_writer(connection& to, body_kind kind) noexcept : to_(&to), kind_(kind) {}

    /// Room that a part with `body` octets takes behind its prefix, but for trailers; 0 where it is not copied there.
    [[nodiscard]] static std::size_t room_behind_prefix(std::size_t body) noexcept;
    /// `prefix` is what leaves before (the head), in the same write; its storage is given back, so that the next
    /// connection writes through the same memory, which is in the cache. False: the socket did not take all of it, and
    /// `finish` waits until it did; nothing else may be written before. What most writes need is no coroutine.
    [[nodiscard]] bool write_now(protocol::byte_buffer& prefix, std::string_view body, bool end,
                                 const protocol::field_list& trailers, error_code& error);
    /// The rest of what was given to `write_now`, which must still be there.
    [[nodiscard]] awaitable<error_code> finish(protocol::byte_buffer& prefix);

 private:
    void written(protocol::byte_buffer& prefix) noexcept;

    connection* to_ = nullptr;
    body_kind kind_ = body_kind::none;
    protocol::byte_buffer suffix_;
    gather left_;
};

}  // namespace tunnel::net
