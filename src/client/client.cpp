#include "client/client.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/log.hpp"
#include "base/log_text.hpp"
#include "base/statistics.hpp"
#include "client/greeting.hpp"
#include "client/slow_dial.hpp"
#include "io/spawn.hpp"
#include "mux/failure.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

std::string new_instance() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

client::client(io::runtime& rt, options settings, std::function<void(const std::string&)> say,
               const mux::link_times& times)
    : runtime_(rt),
      settings_(std::move(settings)),
      times_(times),
      say_(std::move(say)),
      strand_(rt.new_strand()),
      pause_(strand_),
      drain_(strand_,
             [this] {
                 if (session_) session_->stop();
             }),
      slow_(strand_,
            [this] {
                say_waiting();
                spdlog::warn("{}", no_reply_yet(dialled_address(), settings_.connect_timeout));
            }),
      backoff_(std::random_device{}()),
      instance_(new_instance()) {
    if (settings_.wait_for_app == std::chrono::milliseconds(0)) return;
    auto say_so = [say = settings_.on_terminal ? say_ : nullptr](const std::string& line) {
        if (say) return say("  App         " + line);
        spdlog::info("{}", line);
    };
    const tunnel::address local{settings_.local_host, settings_.local_port};
    app_->absence = std::make_shared<app_absence>(strand_, to_string(local), settings_.wait_for_app, std::move(say_so));
}

void client::start() {
    mux::expect_failures();
    auto body = [self = shared_from_this()]() -> io::awaitable<void> { return self->run(); };
    io::spawn(strand_, "client", std::move(body), [self = shared_from_this()] { self->run_ended(); });
}

io::awaitable<void> client::run() {
    while (!stopping_) {
        if (tried_) {
            // A dial that took long was a pause itself.
            const auto pause = pause_after(outcome_);
            spdlog::debug("next attempt to connect {} ms after the last one", pause.count());
            pause_.expires_at(retry_from_ + pause);
            co_await pause_.async_wait(io::no_throw);
            if (stopping_) break;
        }
        tried_ = true;
        const auto done = co_await connect_once();
        if (done) break;
    }
    gave_up_ = true;
}

void client::run_ended() {
    if (session_) session_->abandon();
    session_ = nullptr;
    dialling_ = nullptr;
    through_ = nullptr;
    if (!gave_up_ && !stopping_) {
        // An internal error ended it, which the log says: the program connects again.
        outcome_ = outcome::lost;
        retry_from_ = io::clock::now();
        return start();
    }
    drain_.stop();
    slow_.stop();
    if (checking_app_) checking_app_->cancel();
    if (on_ended_) on_ended_(exit_code_);
}

const tunnel::address& client::dialled_address() const noexcept {
    return settings_.proxy ? settings_.proxy->where : settings_.server_addr;
}

io::awaitable<std::unique_ptr<io::dialler>> client::dial_server() {
    dialling_ = std::make_unique<io::dialler>(strand_, reached_);
    if (!trouble_) slow_.set(limits::slow_dial);
    const auto& where = dialled_address();
    const auto error = co_await dialling_->dial(where, settings_.connect_timeout);
    slow_.clear();
    auto dialled = std::move(dialling_);
    if (stopping_) co_return nullptr;
    if (error) {
        show_state(tunnel_state::phase::retrying, dialled->tried());
        if (is_news({trouble::kind::unreachable, error})) {
            spdlog::warn("cannot reach the {} at {}; trying again until it responds",
                         settings_.proxy ? "proxy" : "server", dialled->failed_at(where));
        }
        co_return nullptr;
    }
    if (!settings_.proxy) co_return dialled;
    through_ = std::make_unique<proxy_handshake>(dialled->socket(), *settings_.proxy);
    const auto problem = co_await through_->run(settings_.server_addr, settings_.connect_timeout);
    through_ = nullptr;
    if (problem.empty()) co_return dialled;
    if (!stopping_) show_state(tunnel_state::phase::retrying, problem);
    if (!stopping_ && is_news({trouble::kind::refused_by_proxy, {}})) {
        spdlog::warn("the proxy at {} does not connect to the server at {}: {}; trying again", to_string(where),
                     to_string(settings_.server_addr), problem);
    }
    co_return nullptr;
}

io::awaitable<bool> client::connect_once() {
    retry_from_ = io::clock::now();
    outcome_ = outcome::lost;
    const auto dialled = co_await dial_server();
    if (stopping_) co_return true;
    if (!dialled) co_return false;
    session_ = std::make_shared<client_session>(runtime_, std::move(dialled->socket()), settings_, app_, times_);
    const auto session = session_;
    session->observe(tap_);
    session->gate(gate_);
    std::optional<io::clock::time_point> up_since;
    auto active = [&] {
        up_since = io::clock::now();
        trouble_.reset();
        program_statistics().client_activated(false);
        say_connected(session->public_url());
        show_state(tunnel_state::phase::up, {});
    };
    outcome_ = co_await session->run(instance_, takeover_, active);
    retry_from_ = io::clock::now();
    session_ = nullptr;
    program_statistics().client_left();
    if (up_since) backoff_.was_up(std::chrono::duration_cast<std::chrono::milliseconds>(retry_from_ - *up_since));
    if (up_since && outcome_ == outcome::shut_down) backoff_.server_stops();
    show_end(*session);
    co_return stopping_ || ended_for_good(*session, up_since.has_value());
}

bool client::ended_for_good(const client_session& session, bool was_active) {
    switch (outcome_) {
        case outcome::other_version:
            spdlog::error("the server speaks another protocol version: {}; install matching versions",
                          session.goaway_detail());
            exit_code_ = exit_other_version;
            return true;
        case outcome::replaced:
            takeover_ = false;
            if (!settings_.exit_when_replaced) {
                spdlog::warn("{}; standing by until it leaves", session.goaway_detail());
                return false;
            }
            spdlog::warn("{}; ending as asked", session.goaway_detail());
            exit_code_ = exit_replaced;
            return true;
        case outcome::busy:
            if (is_news({trouble::kind::busy, {}}) || takeover_)
                spdlog::info("standing by: {}", session.goaway_detail());
            return false;
        case outcome::lost:
        case outcome::shut_down:
            report_lost(session, was_active);
            return false;
    }
    return false;
}

void client::report_lost(const client_session& session, bool was_active) {
    // The active client takes over again after a failure; one that stood by goes on standing by.
    if (was_active) takeover_ = true;
    const auto what = was_active ? trouble::kind::lost : trouble::kind::not_a_server;
    if (!is_news({what, {}})) return;
    const auto server = to_string(settings_.server_addr);
    if (outcome_ == outcome::shut_down) {
        spdlog::info("the server at {} is shutting down; connecting again when it is back", server);
    } else if (was_active) {
        spdlog::warn("connection to the server at {} lost: {}; connecting again", server, session.ended());
    } else {
        spdlog::warn("no tunnel-server greets at {}: {}; --server-addr names the server's --tcp-addr; trying again",
                     server, session.ended());
    }
}

bool client::is_news(const trouble& now) { return std::exchange(trouble_, now) != now; }

std::chrono::milliseconds client::pause_after(outcome how) {
    if (how == outcome::replaced || how == outcome::busy) return backoff_.jitter(limits::standby_time);
    return backoff_.next();
}

std::string client::forwards_to() const {
    return settings_.echo ? "echo" : "http://" + to_string(tunnel::address{settings_.local_host, settings_.local_port});
}

void client::say_waiting() {
    if (!settings_.on_terminal || std::exchange(shown_, true)) return;
    say_(waiting(to_string(settings_.server_addr), forwards_to(), settings_.inspector));
}

void client::say_connected(const std::string& announced_url) {
    const auto target = forwards_to();
    const auto server = to_string(settings_.server_addr);
    const auto url = public_url(announced_url, settings_.server_addr);
    shown_ = true;
    if (settings_.on_terminal) {
        say_(greeting(server, url, target, settings_.inspector));
        if (settings_.echo || checking_app_) return;
        auto check = [self = shared_from_this()]() -> io::awaitable<void> { return self->check_app(); };
        io::spawn(strand_, "app check", std::move(check),
                  [self = shared_from_this()] { self->checking_app_ = nullptr; });
        return;
    }
    if (url.empty()) {
        spdlog::info("connected to {}, serving {}", server, target);
    } else {
        spdlog::info("connected to {}, serving {}; callers reach it at {}", server, target, url);
    }
    const auto& inspector = settings_.inspector;
    say_("connected server=" + server + " local=" + target + (inspector.empty() ? "" : " inspector=" + inspector));
}

// Whether it accepts a connection; what it responds to a request is the app's own business.
io::awaitable<void> client::check_app() {
    checking_app_ = std::make_unique<io::dialler>(strand_);
    auto where = local_addresses(settings_);
    const auto error = co_await checking_app_->dial(std::move(where), settings_.local_connect_timeout);
    if (stopping_) co_return;
    if (!error) {
        say_("  App         accepts connections");
        co_return;
    }
    std::string_view meanwhile = "requests get 502 until it does";
    if (app_->absence && checking_app_->refused()) meanwhile = "requests wait until it does";
    if (settings_.stand_in) meanwhile = "the rules of --stub respond until it does";
    say_(fmt::format("  App         accepts no connection yet, tried {}: {}", checking_app_->tried(), meanwhile));
}

void client::show_state(tunnel_state::phase now, const std::string& detail) {
    if (now == tunnel_state::phase::retrying) say_waiting();
    const tunnel_state state{now, detail, session_ ? session_->public_url() : std::string()};
    for (const auto& callback : on_state_) callback(state);
}

void client::show_end(const client_session& session) {
    const auto other_is_active = outcome_ == outcome::replaced || outcome_ == outcome::busy;
    if (other_is_active) return show_state(tunnel_state::phase::standing_by, session.goaway_detail());
    show_state(tunnel_state::phase::retrying, session.ended());
}

void client::stop() {
    io::post_to(strand_, [self = shared_from_this()] {
        const auto again = std::exchange(self->stopping_, true);
        self->pause_.cancel();
        if (self->dialling_) self->dialling_->cancel();
        if (self->through_) self->through_->cancel();
        if (self->checking_app_) self->checking_app_->cancel();
        if (!self->session_) return;
        if (again) return self->session_->stop();
        const auto in_flight = self->session_->drain();
        if (in_flight > 0) {
            spdlog::info("stopping: waiting for {} in flight; a second signal ends at once",
                         counted(in_flight, "request"));
        }
        self->drain_.set(self->settings_.drain_timeout);
    });
}

}  // namespace tunnel::client
