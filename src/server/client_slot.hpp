#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/occasional_line.hpp"
#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "tunnel/base/operation_limits.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::server {

class tunnel_session;

/// A request that waits for a stream. Called on its own strand, once.
class pending_request {
 public:
    pending_request() = default;
    pending_request(const pending_request&) = delete;
    pending_request& operator=(const pending_request&) = delete;
    virtual ~pending_request() = default;

    [[nodiscard]] virtual const io::executor& strand() const noexcept = 0;
    /// The request is on its way to the client that `by` is connected to.
    virtual void opened(std::shared_ptr<mux::exchange> exchange, std::weak_ptr<tunnel_session> by) = 0;
    virtual void refused(mux::failure why) = 0;
};

/// Holds the one active client. The only place that knows, guarded by its strand: requests, claims and releases
/// pass through it in one order, so there are never two active clients.
class client_slot : public std::enable_shared_from_this<client_slot> {
 public:
    /// `max_in_flight`: requests one client may have open at a time.
    client_slot(io::executor strand, std::size_t max_in_flight);

    /// Called on the slot's strand with the address of each client that becomes active, and with "" when none is any
    /// more. Set before the first claim.
    void on_change(std::function<void(const std::string&)> callback) { changed_ = std::move(callback); }

    /// Activates the session, and replaces the previous one without waiting for it. Without `takeover`, a session is
    /// refused as `busy` if another is active. A session of a client that was replaced is replaced again: the network
    /// may have lost the first goaway, and the client then asks to take over.
    void claim(std::shared_ptr<tunnel_session> session, bool takeover);
    /// Clears the slot if this session holds it.
    void release(std::shared_ptr<tunnel_session> session);
    /// (any) A number for a request, unique while this server runs, whichever client gets the request: its log line has
    /// an id of its own. A request that is forwarded has the number as the id of its stream.
    [[nodiscard]] std::uint64_t next_number() noexcept { return ++requests_; }
    /// Hands the request to the active client, or refuses it.
    void open(std::shared_ptr<pending_request> waiting, mux::part<mux::outgoing> request);
    /// The server is stopping: no session becomes active any more, and the one that is stays for what is in flight.
    void drain();
    /// No session is active any more.
    void shut_down();

    /// (any) Lines about connections that did not become a client, which a port scan can cause as often as it likes.
    [[nodiscard]] occasional_line& lines_about_strangers() noexcept { return strangers_; }

 private:
    enum class phase : std::uint8_t { serving, draining, shut_down };

    template <class Function>
    void on_strand(Function run);
    [[nodiscard]] bool was_replaced(const tunnel_session& session) const;
    void swap_in(std::shared_ptr<tunnel_session> session);
    void vacate();

    io::executor strand_;
    std::size_t max_in_flight_;
    std::shared_ptr<tunnel_session> active_;
    std::deque<std::string> replaced_;  // instances that another took over from, and none since; the oldest first
    phase phase_ = phase::serving;
    std::atomic<std::uint64_t> requests_ = 0;  // numbered so far
    occasional_line clients_{limits::logged_peers};
    occasional_line strangers_{limits::logged_peers};
    std::function<void(const std::string&)> changed_;
};

}  // namespace tunnel::server
