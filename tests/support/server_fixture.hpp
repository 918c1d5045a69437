#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "mux/link.hpp"
#include "server/options.hpp"
#include "server/server.hpp"
#include "support/captured_log.hpp"
#include "support/frame_peer.hpp"
#include "support/program_thread.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

/// A server::server on free ports and a thread of its own. At the end it is stopped, and must have run dry.
class server_fixture : public testing::Test {
 protected:
    ~server_fixture() override;

    /// Starts the server; before it, `settings` and `times` may be changed.
    void start();
    void stop() { server_->stop(); }
    /// Told to stop once, the server ends by itself.
    void expect_drained() { program_->expect_drained(patience); }

    [[nodiscard]] raw_peer caller() const { return raw_peer(http_port_); }
    [[nodiscard]] std::uint16_t tunnel_port() const { return tcp_port_; }
    [[nodiscard]] frame_peer client(bool takeover = true) const {
        return frame_peer::active_client(tunnel_port(), takeover);
    }
    /// A request reaches this client, and its response the caller.
    void expect_served_by(frame_peer& peer) const;
    /// The client is sent a goaway for this reason, and its connection is closed.
    static void expect_goaway(frame_peer& peer, protocol::goaway_reason reason);

    server::options settings;
    mux::link_times times;
    captured_log log;

 private:
    std::unique_ptr<program_thread> program_;
    std::shared_ptr<server::server> server_;
    std::uint16_t http_port_ = 0;
    std::uint16_t tcp_port_ = 0;
};

/// The next frame, a request, without the members that name its public connection and its caller; they must be there.
[[nodiscard]] std::string receive_request(frame_peer& client);

/// One response: head, and the body that Content-Length or chunks delimit. `to_head`: no body whatever is declared.
[[nodiscard]] std::string read_response(raw_peer& caller, bool to_head = false);

/// The same without its Date line, which must be there once and be well-formed.
[[nodiscard]] std::string without_date(std::string response);

/// A request head without a body.
[[nodiscard]] inline std::string get(std::string_view target, std::string_view fields = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

}  // namespace tunnel::test
