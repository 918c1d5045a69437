#pragma once

#include <cstdint>
#include <functional>

#include "http/body_decoder.hpp"
#include "http/received.hpp"
#include "io/asio.hpp"
#include "io/connection.hpp"
#include "io/gather.hpp"
#include "mux/exchange.hpp"
#include "tunnel/base/byte_buffer.hpp"

namespace tunnel::proxy {

/// Body bytes that are buffered behind a head, decoded; they travel in the same frame as the head.
[[nodiscard]] byte_buffer take_buffered_body(io::connection& from, http::body_decoder& decoder,
                                             http::parse_error& error);

enum class relay_result {
    complete,   ///< the whole body was handed over
    over,       ///< the exchange ended first
    cut_short,  ///< the connection closed inside the body
    bad_body,   ///< the body's framing is wrong
};

/// Moves the rest of a body from `from` into `to`, as fast as the peer gives credit. `waiting(true)` before each
/// wait for the source, `waiting(false)` before each wait for the peer: whose fault a stall is. `moved` sees each part,
/// and may change it. `ends`: whether the end of the body is the end of what is sent; if not given, it is.
[[nodiscard]] io::awaitable<relay_result> relay_body(io::connection& from, http::body_decoder& decoder,
                                                     mux::exchange& to, std::function<void(bool)> waiting,
                                                     std::function<void(byte_buffer&)> moved,
                                                     std::function<bool()> ends = {});

/// Writes body parts from an exchange to a connection in the framing that its head declared.
class body_writer {
 public:
    body_writer() noexcept = default;
    body_writer(io::connection& to, http::body_kind kind) noexcept : to_(&to), kind_(kind) {}

    /// Room that a part with `body` bytes takes behind its prefix, but for trailers; 0 where it is not copied there.
    [[nodiscard]] static std::size_t room_behind_prefix(std::size_t body) noexcept;
    /// `prefix` is what leaves before (the head), in the same write; its storage is given back, so that the next
    /// connection writes through the same memory, which is in the cache. False: the socket did not take all of it, and
    /// `finish` waits until it did; nothing else may be written before. Most writes need no coroutine.
    [[nodiscard]] bool write_now(byte_buffer& prefix, std::string_view body, bool end, const http::field_list& trailers,
                                 io::error_code& error);
    /// The rest of what was given to `write_now`, which must still be there.
    [[nodiscard]] io::awaitable<io::error_code> finish(byte_buffer& prefix);

 private:
    void written(byte_buffer& prefix) noexcept;

    io::connection* to_ = nullptr;
    http::body_kind kind_ = http::body_kind::none;
    byte_buffer suffix_;
    io::gather left_;
};

}  // namespace tunnel::proxy
