#include "io/accept_loop.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/listening_program.hpp"
#include "base/log.hpp"
#include "base/platform.hpp"
#include "base/statistics.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

accept_loop::accept_loop(runtime& rt, const executor& strand, callback accepted)
    : runtime_(rt), acceptor_(strand), pause_(strand), accepted_(std::move(accepted)) {}

namespace {

/// "--http-addr (TUNNEL_HTTP_ADDR)"
std::string with_variable(std::string_view flag) {
    std::string variable = "TUNNEL_";
    for (const char c : flag.substr(2)) variable += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
    return std::string(flag) + " (" + variable + ")";
}

/// What to do about a port that another program has.
std::string advice_on_use(const address& where, std::string_view setting) {
    const auto program = listening_program(where.port);
    const auto port = std::to_string(where.port);
    const auto who = program.empty()
                         ? "another program listens there, which `ss -ltnp sport = " + port + "` names to root"
                         : program + " listens there";
    return "; " + who + ": stop it, or choose another address with " + with_variable(setting);
}

/// What to do about a port that cannot be had.
std::string advice(const error_code& error, const address& where, std::string_view setting) {
    if (error == boost::system::errc::address_in_use && !setting.empty()) return advice_on_use(where, setting);
    if (error != boost::system::errc::permission_denied || where.port == 0 || where.port >= limits::first_free_port)
        return {};
    return "; a port below " + std::to_string(limits::first_free_port) +
           " needs a right: setcap cap_net_bind_service=+ep PROGRAM, the unit tunnel-server.socket, whose "
           "socket systemd passes to the program, or a higher port";
}

/// TCP over IPv4 or IPv6, if that is what the socket listens for.
std::optional<tcp> listening_protocol(int descriptor) {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    int listening = 0;
    socklen_t length = sizeof listening;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) != 0) return std::nullopt;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) return std::nullopt;
    if (listening == 0 || (own.ss_family != AF_INET && own.ss_family != AF_INET6)) return std::nullopt;
    return own.ss_family == AF_INET ? tcp::v4() : tcp::v6();
}

}  // namespace

void accept_loop::listen(const address& where, std::string_view setting) {
    const auto fail = [&](const error_code& error) {
        throw std::runtime_error("cannot listen on " + to_string(where) + ": " + error.message() +
                                 advice(error, where, setting));
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

void accept_loop::adopt(int descriptor) {
    const auto fail = [descriptor](const std::string& why) {
        throw std::runtime_error("cannot accept on the socket that was passed as file " + std::to_string(descriptor) +
                                 ": " + why);
    };
    const auto protocol = listening_protocol(descriptor);
    if (!protocol) fail("it is not a listening TCP socket");
    error_code error;
    acceptor_.assign(*protocol, descriptor, error);
    if (error) fail(error.message());
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
        if (error == asio::error::no_descriptors) program_statistics().reached(bound::open_files);
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
