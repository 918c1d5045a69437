#include "inspector_http/server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/log.hpp"
#include "base/occasional_line.hpp"
#include "inspector_http/connection.hpp"
#include "inspector_http/guard.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/token.hpp"
#include "io/accept_loop.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace {

constexpr std::uint16_t first_port = 4040;
constexpr std::uint16_t last_port = 4049;

bool is_loopback(std::string_view host) {
    if (iequals(host, "localhost")) return true;
    io::error_code error;
    const auto ip = io::asio::ip::make_address(host, error);
    return !error && ip.is_loopback();
}

std::string lowered(std::string text) {
    for (auto& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

std::string checked_token(const server_options& options) {
    if (options.token.empty()) {
        if (options.listen && !is_loopback(options.listen->host)) {
            throw std::runtime_error("the inspector listens on " + to_string(*options.listen) +
                                     " only with a token of yours; set one, or listen on 127.0.0.1");
        }
        return options.usual_token.empty() ? random_token() : options.usual_token;
    }
    const bool plain = std::ranges::all_of(options.token, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
               c == '_' || c == '~';
    });
    if (!plain || options.token.size() < 16 || options.token.size() > 128) {
        throw std::runtime_error(
            "the inspector's token has 16 to 128 letters, digits, '-', '.', '_' or '~'; choose another");
    }
    return options.token;
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

guard_settings settings_of(const server_options& options, const std::string& token, const address& local) {
    guard_settings settings{local.port, token, {}, options.open_ngrok_api};
    for (const auto& host : options.hosts) settings.hosts.push_back(lowered(bracketed(host)));
    settings.hosts.push_back(bracketed(local.host));
    if (options.listen) settings.hosts.push_back(lowered(bracketed(options.listen->host)));
    return settings;
}

}  // namespace

class server::state {
 public:
    state(services what, const server_options& options)
        : services_(std::move(what)), token_(checked_token(options)), runtime_(1), workers_(limits::workers) {
        listen(options);
        gate_ = std::make_unique<guard>(settings_of(options, token_, local_));
        hub_ = std::make_unique<connection_hub>(
            connection_hub{services_, *gate_, workers_, local_.port, false, 0, 0, 0, {}});
        acceptor_->start("the inspector", nullptr, [] {});
        services_.feed.on_change([this] { wake_all(); });
        thread_ = std::thread([this] { runtime_.run(); });
    }
    ~state() { stop(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    void stop() {
        const std::lock_guard lock(stop_mutex_);
        if (!thread_.joinable()) return;
        services_.feed.on_change({});
        services_.history.refuse_lists(true);
        io::post_to(runtime_.context().get_executor(), [this] {
            hub_->stopping = true;
            acceptor_->stop();
            const auto open = hub_->all;
            for (auto* one : open) one->stop();
        });
        thread_.join();
        workers_.join();
        services_.history.refuse_lists(false);
    }

    [[nodiscard]] const address& local() const noexcept { return local_; }
    [[nodiscard]] const std::string& token() const noexcept { return token_; }

 private:
    void listen(const server_options& options) {
        if (options.listen) return listen_on(*options.listen, "--inspect-addr");
        for (auto port = first_port; port <= last_port; ++port) {
            if (port == options.app_port) continue;
            try {
                return listen_on({"127.0.0.1", port});
            } catch (const std::runtime_error&) {
                continue;  // taken
            }
        }
        throw std::runtime_error(
            "the ports 4040 to 4049 for the inspector are all taken; choose another with "
            "--inspect-addr (TUNNEL_INSPECT_ADDR), or none with --inspect-addr off");
    }

    void listen_on(const address& where, std::string_view setting = {}) {
        auto accepted = [this](io::tcp::socket socket) { accept(std::move(socket)); };
        acceptor_ = std::make_unique<io::accept_loop>(runtime_, runtime_.new_strand(), std::move(accepted));
        acceptor_->listen(where, setting);
        local_ = acceptor_->local();
    }

    void accept(io::tcp::socket socket) {
        if (hub_->stopping) return;
        if (hub_->all.size() >= limits::connections && !close_idle()) {
            const auto left_out = refused_.pass(io::clock::now());
            if (left_out)
                spdlog::warn(
                    "the inspector has {} connections, all in use; one more is closed, and {} since the last line",
                    hub_->all.size(), *left_out);
            return;
        }
        // Head and body are written one after the other: without this, the body of a small response waits for the
        // acknowledgement of its head, which the peer delays by 40 ms.
        io::error_code ignored;
        socket.set_option(io::tcp::no_delay(true), ignored);
        std::make_shared<connection>(*hub_, std::move(socket))->start();
    }

    // Connections that send nothing, which any program of this machine can open, lock nobody out.
    bool close_idle() noexcept {
        connection* longest = nullptr;
        for (auto* one : hub_->all) {
            if (one->idle_since() && (!longest || *one->idle_since() < *longest->idle_since())) longest = one;
        }
        if (longest) longest->stop();
        return longest != nullptr;
    }

    // At most one is on its way: changes come by the thousand.
    void wake_all() {
        if (waking_.exchange(true)) return;
        io::post_to(runtime_.context().get_executor(), [this] {
            waking_ = false;
            for (auto* one : hub_->all) one->wake();
        });
    }

    services services_;
    std::string token_;
    io::runtime runtime_;
    io::asio::thread_pool workers_;
    std::unique_ptr<io::accept_loop> acceptor_;
    address local_;
    std::unique_ptr<guard> gate_;
    std::unique_ptr<connection_hub> hub_;
    occasional_line refused_;
    std::atomic<bool> waking_{false};
    std::mutex stop_mutex_;
    std::thread thread_;
};

server::server(services what, const server_options& options)
    : state_(std::make_unique<state>(std::move(what), options)) {}

server::~server() = default;

address server::local() const { return state_->local(); }
std::string server::origin() const { return "http://" + to_string(state_->local()); }
std::string server::url() const { return origin() + "/?token=" + state_->token(); }
const std::string& server::token() const { return state_->token(); }
void server::stop() { state_->stop(); }

}  // namespace tunnel::inspector_http
