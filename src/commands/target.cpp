#include "commands/target.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "client/options.hpp"
#include "inspection/instance_file.hpp"
#include "inspection/options.hpp"
#include "inspection/service.hpp"
#include "inspector/history.hpp"
#include "io/runtime.hpp"

namespace tunnel::commands {

namespace {

/// Of "http://HOST:PORT".
std::optional<address> address_of(std::string_view origin) {
    constexpr std::string_view scheme = "http://";
    if (origin.starts_with(scheme)) origin.remove_prefix(scheme.size());
    return parse_address(origin, "127.0.0.1");
}

inspection::options settings_for(const std::string& history) {
    inspection::options o;
    o.addr = address{"127.0.0.1", 0};
    o.history = history;
    o.announced = false;
    // The bounds are the client's to keep: reading a history removes nothing from it.
    o.history_bytes = std::size_t{1} << 40U;
    o.history_count = std::size_t{1} << 40U;
    o.history_age = std::chrono::hours(24 * 3650);
    return o;
}

}  // namespace

/// The inspector without a tunnel.
class inspector_target::own_inspector {
 public:
    explicit own_inspector(const std::string& history)
        : runtime_(1), service_(runtime_, client::options{}, settings_for(history)) {
        thread_ = std::thread([this] { runtime_.run(); });
    }
    ~own_inspector() {
        service_.stop();
        work_.reset();
        thread_.join();
    }
    own_inspector(const own_inspector&) = delete;
    own_inspector& operator=(const own_inspector&) = delete;

    [[nodiscard]] std::string origin() const { return service_.origin(); }
    [[nodiscard]] std::string token() const { return service_.token(); }

 private:
    io::runtime runtime_;
    io::asio::executor_work_guard<io::asio::io_context::executor_type> work_ =
        io::asio::make_work_guard(runtime_.context());
    inspection::service service_;
    std::thread thread_;
};

inspector_target::inspector_target(const common_flags& flags, bool needs_client) {
    if (!flags.inspect_addr.empty() && flags.inspect_addr != "off") {
        const auto where = address_of(flags.inspect_addr);
        if (!where || where->port == 0)
            throw command_error(exit_usage,
                                "--inspect-addr: \"" + flags.inspect_addr + "\" is not host:port or a port");
        auto token = flags.inspect_token;
        for (const auto& one : inspection::instances()) {
            if (token.empty() && address_of(one.origin) == where) token = one.token;
        }
        api_.emplace(*where, token);
        return;
    }
    if (flags.history.empty()) {
        for (const auto& one : inspection::instances()) {
            const auto where = address_of(one.origin);
            if (!where) continue;
            const api_client client(*where, one.token);
            if (!client.responds()) continue;
            api_.emplace(client);
            return;
        }
    }
    if (needs_client)
        throw command_error(exit_no_client,
                            "no client runs here; start tunnel-client, or name one with --inspect-addr");
    const auto file = flags.history.empty() ? inspector::default_history_path() : flags.history;
    std::error_code error;
    if (file.empty() || !std::filesystem::exists(file, error)) {
        throw command_error(exit_no_client,
                            "no client runs here, and there is no history at \"" + file +
                                "\"; start tunnel-client, or name one with --inspect-addr or --history");
    }
    own_ = std::make_unique<own_inspector>(file);
    api_.emplace(*address_of(own_->origin()), own_->token());
}

inspector_target::~inspector_target() = default;

}  // namespace tunnel::commands
