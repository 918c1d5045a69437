#pragma once

#include <cstddef>
#include <variant>

#include "mux/part_queue.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// What is sent through an exchange: the server's session begins with a request, the client's with a response.
using outgoing = std::variant<protocol::request, protocol::response, protocol::data>;

/// The other end of an exchange: where what a session sends goes. A stream of the tunnel connection is one
/// implementation, a replay that collects the response is another, and a decorator may observe what passes.
/// Called on the session's strand.
class exchange_peer {
 public:
    exchange_peer() = default;
    exchange_peer(const exchange_peer&) = delete;
    exchange_peer& operator=(const exchange_peer&) = delete;
    virtual ~exchange_peer() = default;

    /// The next part of the message. The peer calls exchange::accepted for its body bytes once it has taken them.
    virtual void send(part<outgoing> sent) = 0;
    /// The caller closed its sending side behind a complete request.
    virtual void send_fin() = 0;
    /// Body bytes that were delivered have left for their destination: the sender may send as many more.
    virtual void consumed(std::size_t bytes) = 0;
    /// Ends the exchange and discards what was sent and not yet written.
    virtual void cancel(protocol::cancel_reason reason) = 0;
    /// Ends the exchange behind what was sent so far.
    virtual void cancel_after_sent(protocol::cancel_reason reason) = 0;
    /// What was sent, its end included, still arrives; the rest of the body from the other end is not wanted.
    virtual void stop_peer() = 0;
};

}  // namespace tunnel::mux
