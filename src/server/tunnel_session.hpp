#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/asio.hpp"
#include "mux/link.hpp"
#include "server/client_slot.hpp"

namespace tunnel::server {

/// The server's end of one tunnel connection: handshake, its time as the active client, its end. Belongs to its
/// link's strand; methods marked (any) post there.
class tunnel_session : public mux::tunnel_link::owner, public std::enable_shared_from_this<tunnel_session> {
 public:
    tunnel_session(io::tcp::socket socket, std::shared_ptr<client_slot> slot, const mux::link_times& times = {});

    [[nodiscard]] io::awaitable<void> run();
    /// After run(), however it ended: the slot is free.
    void ended();

    /// (any) The slot made this session active: our hello goes out.
    void activate();
    /// (any) Another client is active now: open streams fail, the peer is told, the connection closes. Queued.
    void replace(const std::string& by);
    /// (any) Goodbye, likewise.
    void refuse(protocol::goaway_reason reason, std::string detail);
    /// (any) Sends a request to the client, or fails the exchange with `overloaded`.
    void open(std::shared_ptr<mux::exchange> exchange, mux::part<mux::outgoing> request, std::size_t max_in_flight);
    /// (any) Closes the connection.
    void stop();

    /// (any) Whether it ever became the active client.
    [[nodiscard]] bool was_active() const noexcept { return active_; }
    /// (any) Whether stop() was called, however long the rest takes.
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    [[nodiscard]] io::executor strand() const { return link_->strand(); }
    [[nodiscard]] const std::string& peer() const noexcept { return link_->peer(); }
    /// (any, once it claims the slot) Names the client, whatever connection it comes by; empty if it does not say.
    [[nodiscard]] const std::string& instance() const noexcept { return theirs_.instance; }

    void on_goaway(const protocol::goaway& m) override;

 private:
    template <class Function>
    void on_strand(Function run);
    void finish(mux::failure stream_failure, protocol::goaway_reason reason, std::string detail);

    std::shared_ptr<mux::tunnel_link> link_;
    std::shared_ptr<client_slot> slot_;
    protocol::hello theirs_;
    std::atomic<bool> active_ = false;
    std::atomic<bool> stopped_ = false;
};

}  // namespace tunnel::server
