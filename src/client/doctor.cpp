#include "client/doctor.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "client/greeting.hpp"
#include "client/proxy_handshake.hpp"
#include "client/slow_dial.hpp"
#include "io/connected_socket.hpp"
#include "io/dialler.hpp"
#include "io/resolve.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

using std::chrono::milliseconds;
using enum finding::verdict;

constexpr unsigned first_error = 400;
constexpr unsigned first_server_error = 500;

std::string names_of(const std::vector<io::tcp::endpoint>& endpoints) {
    std::string all;
    for (const auto& each : endpoints) all += (all.empty() ? "" : ", ") + io::endpoint_address(each);
    return all;
}

std::string text_of(std::chrono::microseconds time) {
    return fmt::format("{:.1f} ms", static_cast<double>(time.count()) / 1000);
}

std::string what_to_do(const io::error_code& error, const address& where, std::string_view setting) {
    const std::string_view program = setting == "--proxy" ? "the proxy" : "tunnel-server";
    if (error == io::asio::error::connection_refused)
        return fmt::format("nothing listens there: start {}, or correct the port of {} (now {})", program, setting,
                           where.port);
    if (error == io::asio::error::timed_out)
        return fmt::format("a firewall may drop the packets: open port {} there for this machine", where.port);
    return fmt::format("see whether this machine is online, and correct {}", setting);
}

/// Linux lets a connection that was idle begin slowly again; nothing: not known here.
std::optional<bool> slow_start_after_idle() {
    std::ifstream file("/proc/sys/net/ipv4/tcp_slow_start_after_idle");
    int value = 0;
    if (!(file >> value)) return std::nullopt;
    return value != 0;
}

/// HOST[:PORT] of a URL.
std::string authority_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const auto rest = url.substr(scheme + 3);
    return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace

doctor::doctor(io::executor strand, const options& settings, std::function<void(const finding&)> show)
    : strand_(std::move(strand)),
      settings_(settings),
      show_(std::move(show)),
      slow_(strand_, [this] { say(note, slow_about_, slow_text_); }) {}

void doctor::begin_wait(std::string_view about, std::string text) {
    slow_about_ = about;
    slow_text_ = std::move(text);
    slow_.set(limits::slow_dial);
}

void doctor::say(finding::verdict is, std::string_view about, std::string text) {
    healthy_ = healthy_ && is != wrong;
    show_({is, about, std::move(text)});
}

io::awaitable<void> doctor::examine() {
    co_await examine_server();
    slow_.clear();
    co_await examine_app();
    slow_.stop();
}

io::awaitable<void> doctor::examine_server() {
    io::dialler dialler(strand_);
    const auto& first = settings_.proxy ? settings_.proxy->where : settings_.server_addr;
    const auto connected = co_await connect(dialler, first);
    if (!connected) co_return;
    if (settings_.proxy) {
        begin_wait("proxy", fmt::format("no response from {} yet", to_string(first)));
        proxy_handshake through(dialler.socket(), *settings_.proxy);
        const auto problem = co_await through.run(settings_.server_addr, settings_.connect_timeout);
        if (!problem.empty()) {
            say(wrong, "proxy",
                fmt::format("{} does not connect to {}: {}", to_string(first), to_string(settings_.server_addr),
                            problem));
            co_return;
        }
        say(good, "proxy", fmt::format("{} connects to {}", to_string(first), to_string(settings_.server_addr)));
    }
    begin_wait("handshake",
               fmt::format("{} accepts connections and sends nothing yet: is that the server's --tcp-addr?",
                           to_string(settings_.server_addr)));
    server_probe probe(dialler.socket());
    const auto reply = co_await probe.run();
    slow_.clear();
    judge_handshake(reply);
    if (reply.hello) judge_path(reply);
}

io::awaitable<bool> doctor::connect(io::dialler& dialler, address where) {
    const std::string_view setting = settings_.proxy ? "--proxy" : "--server-addr";
    io::asio::steady_timer limit(strand_);
    limit.expires_after(settings_.connect_timeout);
    io::error_code error;
    begin_wait("name", fmt::format("no address of {} yet: does this machine reach its name server?", where.host));
    const auto found = co_await io::resolve(where, limit, error);
    if (error) {
        say(wrong, "name",
            fmt::format("{} has no address ({}): correct {}, or see whether this machine is online", where.host,
                        error.message(), setting));
        co_return false;
    }
    if (names_of(found) != where.host) say(good, "name", fmt::format("{} is {}", where.host, names_of(found)));
    begin_wait("connection", no_reply_yet(where, settings_.connect_timeout));
    const auto began = io::clock::now();
    auto endpoints = io::interleave_families(found);
    error = co_await dialler.dial_each(std::move(endpoints), began + settings_.connect_timeout);
    if (error) {
        say(wrong, "connection",
            fmt::format("no connection to {}: {}", dialler.tried(), what_to_do(error, where, setting)));
        co_return false;
    }
    const auto took = std::chrono::ceil<std::chrono::microseconds>(io::clock::now() - began);
    io::error_code ignored;
    const auto peer = io::endpoint_name(dialler.socket().remote_endpoint(ignored));
    say(good, "connection", fmt::format("{} accepts it after {}", peer, text_of(took)));
    co_return true;
}

void doctor::judge_handshake(const server_reply& reply) {
    if (reply.goaway) return judge_farewell(*reply.goaway);
    if (!reply.hello) {
        say(wrong, "handshake",
            fmt::format(
                "{} is not a tunnel port: {}; --server-addr names the server's --tcp-addr, port 7000 unless set",
                to_string(settings_.server_addr), reply.problem));
        return;
    }
    public_url_ = public_url(reply.hello->public_url, settings_.server_addr);
    const auto reached = public_url_.empty() ? std::string() : ", which callers reach at " + public_url_;
    if (reply.hello->probe) return say(good, "handshake", fmt::format("{}{}", reply.hello->agent, reached));
    say(note, "handshake",
        fmt::format("{}{}; it is older than this client, and took the probe for its client for a moment: update it",
                    reply.hello->agent, reached));
}

void doctor::judge_farewell(const protocol::goaway& goaway) {
    switch (goaway.reason) {
        case protocol::goaway_reason::busy:
            say(note, "handshake", "another client is active; the server is older than this client: update it");
            return;
        case protocol::goaway_reason::shutdown:
            say(wrong, "handshake", "the server is stopping: try again once it has restarted");
            return;
        case protocol::goaway_reason::version:
            say(wrong, "handshake",
                fmt::format("the server speaks another version of the protocol ({}): install matching versions",
                            goaway.detail));
            return;
        default:
            say(wrong, "handshake", fmt::format("the server refuses it: {}", goaway.detail));
    }
}

void doctor::judge_path(const server_reply& reply) {
    const auto far = reply.round_trip >= std::chrono::microseconds(limits::compress_from);
    if (reply.round_trip.count() > 0) say(good, "round trip", text_of(reply.round_trip));
    if (reply.clock_ahead) judge_clock(*reply.clock_ahead);
    const auto slow = slow_start_after_idle();
    if (!slow) return;
    if (!*slow) return say(good, "idle", "tcp_slow_start_after_idle is off");
    if (!far) return say(good, "idle", "tcp_slow_start_after_idle is on, which does not matter at this round trip");
    say(note, "idle",
        "tcp_slow_start_after_idle is on: after a pause, large bodies begin slowly over this distance; on both "
        "machines "
        "`sysctl -w net.ipv4.tcp_slow_start_after_idle=0` avoids that");
}

void doctor::judge_clock(std::chrono::milliseconds ahead) {
    const auto apart = std::chrono::abs(ahead);
    const auto text = fmt::format("{:.1f} s", static_cast<double>(apart.count()) / 1000);
    if (apart < limits::clocks_agree) return say(good, "clock", fmt::format("{} apart from the server's", text));
    say(apart < limits::clocks_mislead ? note : wrong, "clock",
        fmt::format(
            "{} {} the server's: signatures of webhooks are judged by it; set the one that is wrong (timedatectl "
            "set-ntp true)",
            text, ahead.count() > 0 ? "behind" : "ahead of"));
}

io::awaitable<void> doctor::examine_app() {
    if (settings_.echo) {
        say(good, "app", "none is needed: --echo responds");
        co_return;
    }
    const auto seen = settings_.host_header == "preserve" ? authority_of(public_url_) : std::string();
    const auto reply = co_await ask_app(strand_, settings_, seen);
    if (reply.is == app_reply::kind::refused) {
        const auto other = co_await other_loopback();
        judge_refused(reply, other);
    } else if (reply.is != app_reply::kind::http) {
        judge_silence(reply);
    } else if (reply.status < first_error || seen.empty()) {
        judge_http(reply, reply.status);
    } else {
        const auto again = co_await ask_app(strand_, settings_, {});
        judge_http(reply, again.status);
    }
}

void doctor::judge_refused(const app_reply& reply, const std::string& other) {
    if (other.empty()) {
        return say(wrong, "app",
                   fmt::format("nothing accepts connections: {}; start the app, or correct --local-port (now {})",
                               reply.detail, settings_.local_port));
    }
    say(wrong, "app",
        fmt::format("it listens on {}, and --local-host is {}: leave --local-host out, then both loopback addresses "
                    "are tried",
                    other, settings_.local_host));
}

void doctor::judge_silence(const app_reply& reply) {
    constexpr auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limits::doctor_app_time).count();
    switch (reply.is) {
        case app_reply::kind::tls:
            return say(
                wrong, "app",
                fmt::format("{} speaks HTTPS, and tunnel-client plain HTTP: let the app listen on a port without "
                            "TLS, and name that with --local-port",
                            reply.where));
        case app_reply::kind::silent:
            return say(wrong, "app",
                       fmt::format("{} accepts connections and does not reply within {} s: see whether the app hangs",
                                   reply.where, seconds));
        case app_reply::kind::closed:
            return say(wrong, "app",
                       fmt::format("{} closes the connection without a reply: see the app's log", reply.where));
        default:
            return say(wrong, "app", fmt::format("{} does not speak HTTP: correct --local-port", reply.where));
    }
}

void doctor::judge_http(const app_reply& reply, unsigned with_own_host) {
    if (with_own_host != reply.status && with_own_host < first_error) {
        return say(wrong, "app",
                   fmt::format("{} responds with {} to callers of {}, and with {} to its own name: it refuses unknown "
                               "host names; start tunnel-client with --host-header rewrite",
                               reply.where, reply.status, authority_of(public_url_), with_own_host));
    }
    const auto is = reply.status >= first_server_error ? note : good;
    say(is, "app", fmt::format("{} responds with {} to HEAD /", reply.where, reply.status));
}

io::awaitable<std::string> doctor::other_loopback() {
    const auto is_v4 = settings_.local_host == "127.0.0.1";
    if (!settings_.local_host_given || (!is_v4 && settings_.local_host != "::1")) co_return std::string();
    const tunnel::address other{is_v4 ? "::1" : "127.0.0.1", settings_.local_port};
    io::dialler dialler(strand_);
    const auto error = co_await dialler.dial(other, settings_.local_connect_timeout);
    co_return error ? std::string() : to_string(other);
}

}  // namespace tunnel::client
