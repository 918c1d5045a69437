#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "inspection/capture.hpp"
#include "inspection/replay_run.hpp"
#include "inspector/history.hpp"
#include "inspector_http/replayer.hpp"

namespace tunnel::inspection {

/// Sends several records one after the other, some of them at a time. run() blocks: it reads the history.
class replay_batch : public std::enable_shared_from_this<replay_batch> {
 public:
    /// Starts one; calls job.done at its end.
    using starter = std::function<std::shared_ptr<replay_run>(replay_job)>;

    replay_batch(capture& recorded, address app, const std::vector<inspector::record_id>& ids,
                 inspector_http::replay_options options, starter start);

    /// Results in the order of the ids; those that were not sent when it was cancelled have an error.
    [[nodiscard]] std::vector<inspector_http::replay_result> run();
    /// (any thread) What was not sent yet is not; `open`: and what is open is ended.
    void cancel(bool open);

 private:
    void send(std::size_t place, const inspector::record& parent);
    void finished(std::size_t place, const inspector::record& parent,
                  const std::shared_ptr<const inspector::record>& child);
    [[nodiscard]] bool wait_for_room();
    void wait_for_all();
    void set_error(std::size_t place, std::string code, std::string message);

    inspector::history& records_;
    std::shared_ptr<const webhook_judge> judge_;
    address app_;
    std::vector<inspector::record_id> ids_;
    inspector_http::replay_options options_;
    starter start_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<inspector_http::replay_result> results_;
    std::vector<std::weak_ptr<replay_run>> open_;  // by place
    unsigned running_ = 0;
    bool cancelled_ = false;  // nothing more is sent
    bool ended_ = false;      // and what is open ends
};

/// What became of a replay of `parent`.
[[nodiscard]] inspector_http::replay_result judge_replay(const inspector::record& parent,
                                                         const inspector::record& child);
/// The stable name of a refusal, as the API has it.
[[nodiscard]] std::string_view name_of(inspector_http::refusal_code code) noexcept;

}  // namespace tunnel::inspection
