#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "client/app_stand_in.hpp"
#include "client/options.hpp"
#include "inspection/options.hpp"
#include "inspection/stub_file.hpp"
#include "inspection/webhook_judge.hpp"
#include "inspector/history.hpp"
#include "inspector_http/stub_source.hpp"
#include "stub/responder.hpp"

namespace tunnel::inspection {

/// The rules of --stub as the client asks them. Looks into the history, and for changes of the file, on a thread of its
/// own, so that no strand waits for a disk. Outlives the client.
class app_stub final : public client::app_stand_in, public inspector_http::stub_source {
 public:
    /// Reads the file and what it names. `keeps_history`: whether there are last good responses. Throws
    /// stub::stub_error or webhook::settings_error.
    app_stub(const std::string& file, const webhook_files& webhooks, bool keeps_history);
    ~app_stub() override { stop(); }

    /// Before the client starts: where last good responses are looked for; outlives what `stop` ends.
    void look_into(const inspector::history& records) noexcept { records_ = &records; }
    /// (any thread) Called when the file was read again; empty: nothing is. Once this returns, the old one is not
    /// running.
    void on_change(std::function<void()> changed);
    /// From now on a file that has changed is read again; where that fails, the rules stay. `say` gets a line for the
    /// user, on a thread of its own.
    void watch(std::function<void(const std::string&)> say);
    /// What is being looked for is found; nothing is begun any more.
    void stop();

    [[nodiscard]] bool precedes_app() const noexcept override { return precedes_app_; }
    [[nodiscard]] maker choose(const protocol::request& request, moment when) override;
    [[nodiscard]] inspector_http::stub_info stub() const override;

 private:
    struct chosen {
        std::shared_ptr<stub::responder> rules;
        inspector::record request;
        std::size_t rule = 0;
        bool absent = true;
    };

    [[nodiscard]] std::shared_ptr<stub::responder> rules() const;
    /// Reads the file and puts its rules into force.
    void read();
    void look();
    void look_later();
    void read_again();
    [[nodiscard]] std::optional<response> respond(const chosen& to);
    [[nodiscard]] std::optional<stub::reply> last_good(const inspector::record& request) const;

    webhook_judge judge_;
    const bool keeps_history_;
    const inspector::history* records_ = nullptr;
    std::atomic<bool> precedes_app_ = false;
    std::atomic<bool> stopped_ = false;

    mutable std::mutex mutex_;  // of the next three
    std::shared_ptr<stub::responder> rules_;
    inspector::time_point read_at_;
    std::string problem_;

    std::mutex callback_mutex_;
    std::function<void()> changed_;

    stub_file file_;  // once `watch` was called, of the worker's thread
    std::function<void(const std::string&)> say_;
    io::asio::thread_pool worker_{1};
    io::asio::steady_timer next_look_{worker_};
};

/// Null: the settings name no file. Throws where it cannot be used, or not along with the other settings, with a
/// sentence for the user.
[[nodiscard]] std::shared_ptr<app_stub> make_stub(const client::options& client_settings, const options& settings);

}  // namespace tunnel::inspection
