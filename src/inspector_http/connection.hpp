#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "inspector_http/guard.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/router.hpp"
#include "inspector_http/services.hpp"
#include "io/asio.hpp"

namespace tunnel::inspector_http {

class connection;

/// What the connections of a server share. Belongs to its event loop, but for the workers.
struct connection_hub {
    const services& s;
    const guard& gate;
    io::asio::thread_pool& workers;
    std::uint16_t port = 0;
    bool stopping = false;
    std::size_t streams = 0;  ///< event streams that are open
    std::size_t waits = 0;    ///< responses that wait
    std::size_t bodies = 0;   ///< bytes of the bodies that were announced or have come
    std::set<connection*> all;
};

/// The bytes of one request's body among those of all connections.
class body_share {
 public:
    body_share() = default;
    ~body_share() {
        if (hub_) hub_->bodies -= bytes_;
    }
    body_share(const body_share&) = delete;
    body_share& operator=(const body_share&) = delete;

    /// Reserves `bytes` in all for this body. False: the bodies of all connections would exceed `limits::open_bodies`.
    /// A body that is no larger than a head is not counted: each connection may send as much in its head.
    [[nodiscard]] bool grow_to(connection_hub& hub, std::size_t bytes) noexcept {
        if (bytes <= std::max(bytes_, limits::head_bytes)) return true;
        if (hub.bodies + (bytes - bytes_) > limits::open_bodies) return false;
        hub_ = &hub;
        hub.bodies += bytes - bytes_;
        bytes_ = bytes;
        return true;
    }

 private:
    connection_hub* hub_ = nullptr;
    std::size_t bytes_ = 0;
};

/// One connection to the inspector: reads a request, checks it, has a worker handle it, and writes the response.
class connection : public std::enable_shared_from_this<connection> {
 public:
    connection(connection_hub& hub, io::tcp::socket socket);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void start();
    /// There may be something for a stream or a wait.
    void wake() noexcept;
    void stop() noexcept;
    /// Since when it has waited for a head; nothing while it serves a request.
    [[nodiscard]] const std::optional<io::clock::time_point>& idle_since() const noexcept { return idle_since_; }

 private:
    using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    enum class next_step : std::uint8_t { keep, close };

    /// A request as far as it was read, and how the response must be framed.
    struct exchange {
        request received;
        request_target target;
        found_route found{};
        body_share body;
        unsigned version = 11;
        bool keep_alive = false;
    };

    io::awaitable<void> run();
    io::awaitable<next_step> serve_one();
    /// The response that refuses the request, or nothing where its body may be read.
    std::optional<response> check_head(const parser& p, exchange& e) const;
    io::awaitable<bool> read_body(parser& p, exchange& e);
    io::awaitable<next_step> refuse_unreadable(io::error_code error);
    io::awaitable<next_step> deliver(exchange& e, reply what);

    io::awaitable<next_step> send(const exchange& e, const response& r);
    io::awaitable<next_step> send_stream(const exchange& e, const body_stream& stream);
    io::awaitable<next_step> send_events(const exchange& e, event_source& source);
    io::awaitable<next_step> wait_for(const exchange& e, wait_search& search);
    io::awaitable<next_step> wait_for(const exchange& e, const deferred& later);

    io::awaitable<bool> send_head(const exchange& e, const response& r);
    io::awaitable<bool> send_part(const exchange& e, const std::string& part);
    io::awaitable<bool> send_end(const exchange& e);
    io::awaitable<bool> send_bytes(const std::string& bytes);
    io::awaitable<void> close_gently();

    /// Until wake(), stop(), the peer's end, or the time.
    io::awaitable<void> pause(io::clock::time_point until);
    void watch_peer();
    [[nodiscard]] bool is_over() const noexcept { return peer_gone_ || hub_.stopping; }

    connection_hub& hub_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    io::asio::steady_timer timer_;
    std::optional<io::clock::time_point> idle_since_;
    bool peer_gone_ = false;
};

}  // namespace tunnel::inspector_http
