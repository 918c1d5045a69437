#include "io/accept_loop.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/platform.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

accept_loop::accept_loop(runtime& rt, const executor& strand, callback accepted)
    : runtime_(rt), acceptor_(strand), pause_(strand), accepted_(std::move(accepted)) {}

namespace {

// What to do about a port that only privileged programs may listen on.
std::string advice(const error_code& error, const address& where) {
    if (error != boost::system::errc::permission_denied || where.port == 0 || where.port >= limits::first_free_port)
        return {};
    return "; a port below " + std::to_string(limits::first_free_port) +
           " needs a right: setcap cap_net_bind_service=+ep PROGRAM, AmbientCapabilities=CAP_NET_BIND_SERVICE in a "
           "systemd unit, or a higher port";
}

}  // namespace

void accept_loop::listen(const address& where) {
    const auto fail = [&](const error_code& error) {
        throw std::runtime_error("cannot listen on " + to_string(where) + ": " + error.message() +
                                 advice(error, where));
    };
    error_code error;
    tcp::resolver resolver(acceptor_.get_executor());
    const auto found = resolver.resolve(where.host, std::to_string(where.port), tcp::resolver::passive, error);
    if (error || found.empty()) fail(error);
    const auto endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (error) fail(error);
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    // "::" accepts IPv4 callers too, whatever the system's default is.
    if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
    acceptor_.bind(endpoint, error);
    if (error) fail(error);
    if (endpoint.address().is_loopback()) send_unpaced(acceptor_.native_handle());
    acceptor_.listen(limits::listen_queue, error);
    if (error) fail(error);
}

address accept_loop::local() const {
    const auto endpoint = acceptor_.local_endpoint();
    return {endpoint.address().to_string(), endpoint.port()};
}

void accept_loop::start(std::string_view name, const std::shared_ptr<void>& owner, std::function<void()> stopped) {
    auto body = [this, owner]() -> awaitable<void> { return run(); };
    auto then = [this, owner, stopped = std::move(stopped)] {
        running_ = false;
        stopped();
    };
    running_ = true;
    spawn(acceptor_.get_executor(), name, std::move(body), std::move(then));
}

awaitable<void> accept_loop::run() {
    std::chrono::milliseconds backoff = limits::accept_backoff_first;
    while (!stopped_) {
        auto strand = runtime_.new_strand();
        tcp::endpoint peer;
        auto [error, socket] = co_await acceptor_.async_accept(strand, peer, no_throw);
        if (!error) {
            hand_over({std::move(socket), peer});  // also where it was accepted before stop() and completes after it
            backoff = limits::accept_backoff_first;
            continue;
        }
        if (stopped_ || error == asio::error::operation_aborted) break;
        // The connection that was to be accepted may be closed already, which must not pause the loop.
        if (error == asio::error::connection_aborted) continue;
        spdlog::warn("cannot accept on port {}: {}; next try in {} ms", local().port, error.message(), backoff.count());
        pause_.expires_after(backoff);
        co_await pause_.async_wait(no_throw);
        backoff = std::min<std::chrono::milliseconds>(backoff * 2, limits::accept_backoff_cap);
    }
}

// A connection that fails in the callback is closed; those that follow it are not affected.
void accept_loop::hand_over(connected_socket socket) noexcept {
    try {
        accepted_(std::move(socket));
    } catch (const std::exception&) {
        log_exception("an accepted connection", std::current_exception());
    }
}

// Connections that the kernel has completed already would be reset together with their requests.
void accept_loop::take_waiting() noexcept {
    error_code error;
    acceptor_.non_blocking(true, error);
    for (int taken = 0; taken < limits::listen_queue && !error; ++taken) {
        tcp::socket socket(runtime_.new_strand());
        tcp::endpoint peer;
        acceptor_.accept(socket, peer, error);
        if (!error) hand_over({std::move(socket), peer});
    }
}

void accept_loop::stop() noexcept {
    stopped_ = true;
    take_waiting();
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

}  // namespace tunnel::io
