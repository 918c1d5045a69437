#pragma once

#include <deque>
#include <memory>
#include <string>

#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::server {

class tunnel_session;

/// Who is the one active client. The only place that knows, guarded by its strand: requests, claims and releases
/// pass through it in one order, so there are never two active clients.
class client_slot : public std::enable_shared_from_this<client_slot> {
 public:
    /// `max_in_flight`: requests one client may have open at a time.
    client_slot(io::executor strand, std::size_t max_in_flight);

    /// Makes the session active, and tells it; the one before is told that it was replaced, and never waited for.
    /// Without `takeover`, a session is told `busy` if another is active. One of a client that was replaced is told so
    /// again: the network may have kept it from hearing it, and then it asks to take over.
    void claim(std::shared_ptr<tunnel_session> session, bool takeover);
    /// Clears the slot if this session holds it.
    void release(std::shared_ptr<tunnel_session> session);
    /// Hands the request to the active client, or fails the exchange with no_client.
    void forward(std::shared_ptr<mux::exchange> exchange, mux::part<mux::outgoing> request);
    /// Nobody is or becomes active any more.
    void shut_down();

 private:
    template <class Function>
    void on_strand(Function run);
    [[nodiscard]] bool was_replaced(const tunnel_session& session) const;
    void swap_in(std::shared_ptr<tunnel_session> session);

    io::executor strand_;
    std::size_t max_in_flight_;
    std::shared_ptr<tunnel_session> active_;
    std::deque<std::string> replaced_;  // instances that another took over from, and none since; the oldest first
    bool shut_down_ = false;
};

}  // namespace tunnel::server
