#include "inspection/service.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "base/loopback.hpp"
#include "inspection/kept_token.hpp"
#include "inspection/webhook_judge.hpp"

namespace tunnel::inspection {

namespace {

std::string app_of(const client::options& o) {
    return o.echo ? std::string("echo") : to_string(address{o.local_host, o.local_port});
}

capture_settings capture_settings_of(const client::options& client_settings, const options& settings) {
    capture_settings c;
    c.body_bytes = settings.body_bytes;
    c.app = app_of(client_settings);
    c.judge = std::make_shared<const webhook_judge>(settings.webhooks);
    return c;
}

inspector::time_point now() {
    return std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
}

void log_notice(std::string_view line) { spdlog::warn("inspector: {}", line); }

}  // namespace

service::service(io::runtime& rt, const client::options& client_settings, const options& settings,
                 faults::fault_gate* faults, app_stub* stub)
    : client_settings_(client_settings),
      history_(history_settings_of(settings), log_notice, feed_.listener()),
      capture_(history_, capture_settings_of(client_settings, settings), [this] { feed_.status_changed(); }),
      replays_(rt, client_settings_, capture_,
               {[this](inspector::record_id id, inspector_http::replay_result result) {
                    feed_.watch_ran(id, std::move(result));
                },
                [this] { feed_.status_changed(); }}),
      stub_(stub) {
    if (faults != nullptr) {
        faults_.emplace(*faults);
        faults->on_change([this] { feed_.status_changed(); });
    }
    if (stub_ != nullptr) {
        stub_->look_into(history_);
        stub_->on_change([this] { feed_.status_changed(); });
    }
    status_.forwarding_to = client_settings_.echo ? "echo" : "http://" + app_of(client_settings_);
    status_.server = to_string(client_settings_.server_addr);
    status_.body_bytes = settings.body_bytes;
    status_.count_limit = settings.history_count;
    status_.bytes_limit = history_settings_of(settings).max_bytes;
    listen(settings);
}

service::~service() {
    stop();
    if (stub_ != nullptr) stub_->on_change({});
    if (server_) server_->stop();
}

std::unique_ptr<inspector_http::server> service::make_server(std::optional<address> where, const std::string& token,
                                                             std::uint16_t app_port) {
    inspector_http::server_options how;
    how.listen = std::move(where);
    how.app_port = app_port;
    how.token = token;
    // Who keeps no history on the disk is not to find this there either.
    if (token.empty() && history_.status().mode == inspector::history_mode::file) {
        how.usual_token = kept_token(token_path());
    }
    return std::make_unique<inspector_http::server>(
        inspector_http::services{.history = history_,
                                 .feed = feed_,
                                 .replays = replays_,
                                 .status = *this,
                                 .verify = [judge = capture_.settings().judge](
                                               const inspector::record& of) { return judge->verification_of(of); },
                                 .faults = faults_ ? &*faults_ : nullptr,
                                 .stub = stub_},
        how);
}

void service::listen(const options& settings) {
    const auto app_here = !client_settings_.echo && is_loopback(client_settings_.local_host);
    const auto app_port = app_here ? client_settings_.local_port : std::uint16_t{0};
    if (settings.addr) {
        if (settings.addr->port != 0 && settings.addr->port == app_port) {
            throw std::runtime_error("--inspect-addr and --local-port are both " + std::to_string(app_port) +
                                     ": the tunnel would lead to its own inspector; set another port");
        }
        server_ = make_server(settings.addr, settings.token, 0);
    } else {
        try {
            server_ = make_server(std::nullopt, settings.token, app_port);
        } catch (const std::runtime_error& error) {
            return spdlog::warn("no inspector: {}", error.what());
        }
    }
    replays_.refuse_port(server_->local().port);
    if (settings.announced) instance_.emplace(server_->origin(), server_->token());
}

client::exchange_tap* service::tap() noexcept {
    return history_.status().mode == inspector::history_mode::off ? nullptr : &capture_;
}

void service::show(const client::tunnel_state& state) {
    using phase = client::tunnel_state::phase;
    {
        const std::lock_guard lock(mutex_);
        status_.since = now();
        status_.error.clear();
        status_.replaced_by.clear();
        switch (state.now) {
            case phase::connecting:
                status_.state = inspector_http::tunnel_state::connecting;
                break;
            case phase::up:
                status_.state = inspector_http::tunnel_state::up;
                status_.public_url = state.public_url;
                break;
            case phase::retrying:
                status_.state = inspector_http::tunnel_state::retrying;
                status_.error = state.detail;
                break;
            case phase::standing_by:
                status_.state = inspector_http::tunnel_state::replaced;
                status_.replaced_by = state.detail;
                break;
        }
    }
    feed_.status_changed();
}

void service::follow(client::client& shown) {
    shown.observe(tap());
    shown.on_state([this](const client::tunnel_state& now) { show(now); });
    shown.on_held([this](std::size_t requests) { show_held(requests); });
}

void service::show_held(std::size_t requests) {
    {
        const std::lock_guard lock(mutex_);
        status_.held = requests;
    }
    feed_.status_changed();
}

inspector_http::tunnel_status service::status() const {
    inspector_http::tunnel_status s;
    {
        const std::lock_guard lock(mutex_);
        s = status_;
    }
    s.dropped = capture_.dropped();
    s.bodies_dropped = capture_.bodies_dropped();
    switch (capture_.reached()) {
        case app_reached::unknown:
            s.app = inspector_http::app_state::unknown;
            break;
        case app_reached::yes:
            s.app = inspector_http::app_state::up;
            break;
        case app_reached::no:
            s.app = inspector_http::app_state::down;
            break;
    }
    if (s.held > 0) s.app = inspector_http::app_state::down;  // nothing listens there, else they would not wait
    return s;
}

std::string service::origin() const { return server_ ? server_->origin() : std::string(); }

std::string service::url() const { return server_ ? server_->url() : std::string(); }

std::string service::token() const { return server_ ? server_->token() : std::string(); }

void service::stop() { replays_.stop(); }

}  // namespace tunnel::inspection
