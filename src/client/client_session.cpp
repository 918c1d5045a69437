#include "client/client_session.hpp"

#include <utility>

#include "base/log.hpp"
#include "client/echo.hpp"
#include "client/local_exchange.hpp"
#include "http/forwarded_fields.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/version.hpp"

namespace tunnel::client {

client_session::client_session(io::runtime& rt, io::tcp::socket socket, std::shared_ptr<local_pool> pool,
                               const options& settings, const mux::link_times& times)
    : runtime_(rt),
      link_(std::make_shared<mux::tunnel_link>(std::move(socket), mux::role::client, times)),
      pool_(std::move(pool)),
      settings_(settings) {}

io::awaitable<outcome> client_session::run(std::string instance, bool takeover, std::function<void()> active) {
    protocol::hello ours;
    ours.agent = "tunnel-client/" + std::string(program_version);
    ours.window = limits::initial_window;
    ours.max_streams = limits::max_streams;
    ours.takeover = takeover;
    ours.instance = std::move(instance);
    ours.raw_bodies = settings_.raw_bodies;
    link_->send(ours);
    protocol::hello theirs;
    const auto greeted = co_await link_->receive_hello(theirs, *this);
    if (!greeted) {
        co_await link_->drain();
        if (theirs.protocol != protocol::version) {
            outcome_ = outcome::other_version;
            goaway_detail_ = link_->ended();
        }
        co_return outcome_;
    }
    link_->start(ours, theirs);
    active();
    co_await link_->run(*this);
    co_return outcome_;
}

void client_session::drain() { link_->announce(protocol::goaway_reason::shutdown, "the client is shutting down"); }

void client_session::abandon() { link_->abandon("internal error"); }

void client_session::stop() { link_->close("the client stops"); }

std::shared_ptr<mux::exchange> client_session::new_exchange(const protocol::request& request) {
    if (!settings_.echo) next_local_ = pool_->take(is_repeatable(request));
    next_strand_ = next_local_.connection ? next_local_.connection->strand() : runtime_.new_strand();
    return io::make_recycled<mux::exchange>(next_strand_, link_);
}

void client_session::serve(std::shared_ptr<mux::exchange> exchange, protocol::request&& request) {
    const auto strand = next_strand_;
    if (settings_.echo) {
        const auto echoed = std::make_shared<echo>(std::move(exchange), std::move(request));
        auto run = [echoed]() -> io::awaitable<void> { return echoed->run(); };
        return io::spawn(strand, "request", std::move(run), [echoed] { echoed->ended(); });
    }
    if (settings_.host_header != "preserve") {
        tunnel::address local;
        local.host = settings_.local_host;
        local.port = settings_.local_port;
        http::set_host(request.head, settings_.host_header == "rewrite" ? to_string(local) : settings_.host_header);
    }
    const auto local = io::make_recycled<local_exchange>(strand, pool_, std::exchange(next_local_, {}), settings_,
                                                         std::move(exchange), std::move(request));
    io::run_on(strand, [local] { local->start(); });
}

void client_session::on_goaway(const protocol::goaway& m) {
    using protocol::goaway_reason;
    goaway_detail_ = m.detail;
    switch (m.reason) {
        case goaway_reason::replaced:
            outcome_ = outcome::replaced;
            break;
        case goaway_reason::busy:
            outcome_ = outcome::busy;
            break;
        case goaway_reason::version:
            outcome_ = outcome::other_version;
            break;
        case goaway_reason::shutdown:
            outcome_ = outcome::shut_down;
            break;
        default:
            spdlog::warn("the server says goodbye: {} {}", to_string(m.reason), m.detail);
            break;
    }
}

}  // namespace tunnel::client
