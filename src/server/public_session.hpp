#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "http/parse_error.hpp"
#include "http/received.hpp"
#include "http/request_parser.hpp"
#include "io/asio.hpp"
#include "server/caller_connection.hpp"
#include "server/client_slot.hpp"
#include "server/options.hpp"
#include "server/public_exchange.hpp"

namespace tunnel::server {

/// One public connection: reads request heads, and serves each request with a public_exchange before it reads the next.
/// Belongs to its connection's strand.
class public_session : public std::enable_shared_from_this<public_session> {
 public:
    /// `number` names the connection to the client.
    public_session(io::connected_socket socket, std::shared_ptr<client_slot> slot, const options& settings,
                   std::uint64_t number);

    [[nodiscard]] io::awaitable<void> run();
    /// Responds to one request with 503 and closes: there are too many connections.
    [[nodiscard]] io::awaitable<void> turn_away();
    /// After either, however it ended.
    void ended();

    [[nodiscard]] io::executor strand() const { return on_.socket->strand(); }
    /// (any strand) No request after the current one; `now`: a response that has not begun is 503, one that has is cut
    /// short.
    void stop(bool now);
    /// (any strand) Ends without a response.
    void cut_off();

 private:
    enum class head_state : std::uint8_t { awaited, begun, whole, refused, missing };

    void await_head();
    /// Whether what has arrived, or the time that has passed, decides what becomes of the head: see head_.
    [[nodiscard]] bool read_head();
    /// For the request in request_. It keeps this session for as long as it needs the connection.
    [[nodiscard]] std::shared_ptr<public_exchange> make_exchange();
    void end_exchange();
    [[nodiscard]] io::awaitable<void> refuse_head();
    /// Reads and discards what the caller still sends, so that no reset overtakes the response.
    [[nodiscard]] io::awaitable<void> linger();
    void set_timer(std::chrono::milliseconds from_now);
    void deadline_expired();

    caller_connection on_;
    std::shared_ptr<client_slot> slot_;
    const options& settings_;
    http::request_parser parser_;
    http::received_request request_;
    http::parse_error refusal_;  // why what the caller sent is not a request
    head_state head_ = head_state::awaited;
    bool first_request_ = true;
    bool timed_out_ = false;
    std::shared_ptr<public_exchange> exchange_;
    std::weak_ptr<tunnel_session> served_by_;  // has been sent the number of this connection
};

}  // namespace tunnel::server
