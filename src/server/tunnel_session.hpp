#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "mux/link.hpp"
#include "server/client_slot.hpp"
#include "server/options.hpp"

namespace tunnel::server {

/// The server's end of one tunnel connection: handshake, its time as the active client, its end. Belongs to its
/// link's strand; functions marked (any) may be called on any thread.
class tunnel_session : public mux::link::owner, public std::enable_shared_from_this<tunnel_session> {
 public:
    tunnel_session(io::connected_socket socket, std::shared_ptr<client_slot> slot, const options& settings,
                   const mux::link_times& times = {});

    [[nodiscard]] io::awaitable<void> run();
    /// After run(), however it ended: the slot is free.
    void ended();

    /// (any) The slot made this session active: our hello leaves. `level`: of the lines about this client.
    void activate(spdlog::level::level_enum level);
    /// (any) Another client is active now: open streams fail, goaway is sent, the connection closes.
    void replace(const std::string& by);
    /// (any) Goaway, likewise.
    void refuse(protocol::goaway_reason reason, std::string detail);
    /// (any) Sends a request to the client, or refuses it. `number` is above those of all requests before.
    void open(std::shared_ptr<pending_request> waiting, mux::part<mux::outgoing> request, protocol::stream_id number,
              std::size_t max_in_flight);
    /// (any) A public connection that a request of this session named has ended.
    void connection_closed(std::uint64_t number);
    /// (any) Closes the connection.
    void stop(std::string why);

    /// (any) Whether it may be stopped where there are too many: it has not become the active client, and stop() was
    /// not called, however long the rest takes.
    [[nodiscard]] bool is_waiting() const noexcept { return state_ == state::waiting; }
    /// (any) Likewise, if there is none that waits: it was the active client, and may have requests in flight.
    [[nodiscard]] bool is_leaving() const noexcept { return state_ == state::leaving; }
    [[nodiscard]] io::executor strand() const { return link_->strand(); }
    [[nodiscard]] const std::string& peer() const noexcept { return link_->peer(); }
    /// (any, once it claims the slot) Names the client, whatever connection it comes by; empty if it does not say.
    [[nodiscard]] const std::string& instance() const noexcept { return instance_; }

    void on_goaway(const protocol::goaway& m) override;

 private:
    enum class state : std::uint8_t { waiting, active, leaving, stopped };

    [[nodiscard]] protocol::hello our_hello() const;
    void answer_probe();
    template <class Function>
    void on_strand(Function run);
    void finish(mux::failure stream_failure, protocol::goaway_reason reason, std::string detail);
    void begin_leaving() noexcept;
    void log_stranger() const;
    void show();

    std::shared_ptr<mux::link> link_;
    std::shared_ptr<client_slot> slot_;
    const options& settings_;
    io::deadline leaving_;  // a client that said goaway has this long for what is in flight
    protocol::hello* theirs_ = nullptr;
    std::string instance_;
    bool greeted_ = false;                                    // it was the active client
    spdlog::level::level_enum level_ = spdlog::level::debug;  // of lines about it
    io::deadline quiet_;  // an active client about which nothing was logged, for there were many before it
    std::atomic<state> state_ = state::waiting;
};

}  // namespace tunnel::server
