#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "client/client.hpp"
#include "client/options.hpp"
#include "inspection/api_faults.hpp"
#include "inspection/app_stub.hpp"
#include "inspection/capture.hpp"
#include "inspection/instance_file.hpp"
#include "inspection/local_replayer.hpp"
#include "inspection/options.hpp"
#include "inspector/history.hpp"
#include "inspector_http/live_feed.hpp"
#include "inspector_http/server.hpp"
#include "inspector_http/status_source.hpp"
#include "io/runtime.hpp"

namespace tunnel::inspection {

/// The inspector of a client: what records, what keeps, what sends again, and the server that shows it. Outlives the
/// client.
class service final : private inspector_http::status_source {
 public:
    /// Opens the history and listens. Throws std::runtime_error, with a sentence for the user, where the address that
    /// the user set cannot be used; where the default ones are all taken, there is no server, and the log says so.
    /// `faults` and `stub` may be null, else they outlive this.
    service(io::runtime& rt, const client::options& client_settings, const options& settings,
            faults::fault_gate* faults = nullptr, app_stub* stub = nullptr);
    ~service() override;

    /// For client::observe; null where nothing is kept.
    [[nodiscard]] client::exchange_tap* tap() noexcept;
    /// For client::on_state. Any thread.
    void show(const client::tunnel_state& state);
    /// Before the client starts: records its exchanges, and shows its state.
    void follow(client::client& shown);
    /// "http://127.0.0.1:4040"; empty where there is no server.
    [[nodiscard]] std::string origin() const;
    /// The same with the token, to be opened in a browser.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string token() const;
    [[nodiscard]] inspector::history& history() noexcept { return history_; }
    /// Replays end, so that the io_context can run out of work.
    void stop();

 private:
    [[nodiscard]] inspector_http::tunnel_status status() const override;
    void show_held(std::size_t requests);
    void listen(const options& settings);
    [[nodiscard]] std::unique_ptr<inspector_http::server> make_server(std::optional<address> where,
                                                                      const std::string& token, std::uint16_t app_port);

    client::options client_settings_;
    inspector_http::live_feed feed_;
    inspector::history history_;
    capture capture_;
    local_replayer replays_;
    std::optional<api_faults> faults_;
    app_stub* stub_;
    mutable std::mutex mutex_;
    inspector_http::tunnel_status status_;
    std::unique_ptr<inspector_http::server> server_;
    std::optional<instance_file> instance_;
};

}  // namespace tunnel::inspection
