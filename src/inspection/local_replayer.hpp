#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "client/app_session.hpp"
#include "client/options.hpp"
#include "inspection/app_presence.hpp"
#include "inspection/capture.hpp"
#include "inspection/replay_batch.hpp"
#include "inspector/history.hpp"
#include "inspector_http/replayer.hpp"
#include "io/runtime.hpp"

namespace tunnel::inspection {

/// Sends records to the local app again, on the client's threads; what blocks has threads of its own. Any thread.
/// Before it is destroyed, the io_context still runs, or has ended for good.
class local_replayer final : public inspector_http::replayer {
 public:
    /// `watch_ran` is called after each replay that a watch made; `changed`, when the list of watches changed.
    struct listeners {
        std::function<void(inspector::record_id, inspector_http::replay_result)> watch_ran;
        std::function<void()> changed;
    };

    local_replayer(io::runtime& rt, const client::options& settings, capture& recorded, listeners notified);
    ~local_replayer() override;

    /// The inspector's own address: nothing is sent there. Before the first replay.
    void refuse_port(std::uint16_t inspector_port) noexcept { own_port_ = inspector_port; }
    /// Nothing is sent any more, and what is open ends; the destructor waits for it.
    void stop();

    [[nodiscard]] std::shared_ptr<void> start(std::vector<inspector::record_id> ids,
                                              inspector_http::replay_options options,
                                              inspector_http::replay_done done) override;
    [[nodiscard]] std::optional<inspector_http::replay_refusal> watch(inspector::record_id id,
                                                                      inspector_http::replay_options options) override;
    bool unwatch(inspector::record_id id) override;
    [[nodiscard]] std::vector<inspector_http::watch_info> watches() const override;

 private:
    struct watched {
        inspector_http::replay_options options;
        inspector::time_point since{};
        std::uint64_t runs = 0;
        app_return app;
    };
    struct worker {
        std::shared_ptr<replay_batch> batch;
        std::thread thread;
        std::atomic<bool> done = false;
    };

    [[nodiscard]] address target_of(const inspector_http::replay_options& options) const;
    [[nodiscard]] std::optional<inspector_http::replay_refusal> refuse(
        const std::vector<inspector::record_id>& ids, const inspector_http::replay_options& options) const;
    [[nodiscard]] std::shared_ptr<replay_run> begin(replay_job job);
    void join_finished();
    void watch_apps();
    [[nodiscard]] std::vector<inspector::record_id> returned();
    void replay_watched(inspector::record_id id);

    io::runtime& runtime_;
    client::options settings_;
    std::shared_ptr<client::app_knowledge> app_ = std::make_shared<client::app_knowledge>();
    capture& capture_;
    listeners listeners_;
    std::uint16_t own_port_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::list<worker> workers_;
    std::map<inspector::record_id, watched> watches_;
    bool stopping_ = false;
    std::thread watcher_;
};

}  // namespace tunnel::inspection
