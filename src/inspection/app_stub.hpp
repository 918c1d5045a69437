#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "client/app_stand_in.hpp"
#include "client/options.hpp"
#include "inspection/options.hpp"
#include "inspection/webhook_judge.hpp"
#include "inspector/history.hpp"
#include "stub/responder.hpp"

namespace tunnel::inspection {

/// The rules of --stub as the client asks them. Looks into the history on a thread of its own, so that no strand waits
/// for a disk. Outlives the client.
class app_stub final : public client::app_stand_in {
 public:
    /// Reads the file and what it names. Throws stub::stub_error or webhook::settings_error.
    app_stub(const std::string& file, const webhook_files& webhooks);
    ~app_stub() override { stop(); }

    [[nodiscard]] const stub::responder& rules() const noexcept { return rules_; }
    /// Before the client starts: where last good responses are looked for; outlives what `stop` ends.
    void look_into(const inspector::history& records) noexcept { records_ = &records; }
    /// What is being looked for is found; nothing is begun any more.
    void stop();

    [[nodiscard]] bool precedes_app() const noexcept override { return rules_.precedes_app(); }
    [[nodiscard]] maker choose(const protocol::request& request, moment when) override;

 private:
    struct chosen {
        inspector::record request;
        std::size_t rule = 0;
        bool absent = true;
    };

    [[nodiscard]] std::optional<response> respond(const chosen& to);
    [[nodiscard]] std::optional<stub::reply> last_good(const inspector::record& request) const;

    webhook_judge judge_;
    stub::responder rules_;
    const inspector::history* records_ = nullptr;
    std::atomic<bool> stopped_ = false;
    io::asio::thread_pool worker_{1};
};

/// Null: the settings name no file. Throws where it cannot be used, or not along with the other settings, with a
/// sentence for the user.
[[nodiscard]] std::shared_ptr<app_stub> make_stub(const client::options& client_settings, const options& settings);

}  // namespace tunnel::inspection
