#include "inspection/replay_batch.hpp"

#include <algorithm>
#include <utility>

#include "inspection/limits.hpp"

namespace tunnel::inspection {

using inspector_http::replay_refusal;
using inspector_http::replay_result;

namespace {

/// The first line of a response of our own says what failed, and what to do.
std::string first_line(const inspector::record& child) {
    const auto& text = child.response.body.bytes;
    if (text.empty()) return "The exchange ended before the response was whole.";
    return text.substr(0, text.find('\n'));
}

}  // namespace

std::string_view name_of(inspector_http::refusal_code code) noexcept {
    using inspector_http::refusal_code;
    switch (code) {
        case refusal_code::not_found:
            return "not_found";
        case refusal_code::body_truncated:
            return "body_truncated";
        case refusal_code::not_replayable:
            return "not_replayable";
        case refusal_code::target_refused:
            return "target_refused";
        case refusal_code::bad_edit:
            return "bad_edit";
        case refusal_code::cannot_sign:
            return "cannot_sign";
        case refusal_code::busy:
            return "busy";
    }
    return "not_replayable";
}

replay_result judge_replay(const inspector::record& parent, const inspector::record& child) {
    replay_result result;
    result.id = child.id;
    result.parent = parent.id;
    result.time = total_time(child);
    const auto responded = child.state != inspector::record_state::failed;
    if (responded) result.status = child.response.status;
    result.same_status = responded && child.response.status == parent.response.status;
    const auto& before = parent.response.body;
    const auto& after = child.response.body;
    result.same_body = responded ? inspector::same_body(before, after) : false;
    if (child.state != inspector::record_state::complete) {
        result.error_code = child.outcome;
        result.error_message = first_line(child);
    }
    return result;
}

replay_batch::replay_batch(capture& recorded, address app, const std::vector<inspector::record_id>& ids,
                           inspector_http::replay_options options, starter start)
    : records_(recorded.records()),
      judge_(recorded.settings().judge),
      app_(std::move(app)),
      options_(std::move(options)),
      start_(std::move(start)) {
    for (const auto id : ids) ids_.insert(ids_.end(), options_.times, id);
    results_.resize(ids_.size());
    open_.resize(ids_.size());
    options_.concurrency = std::clamp(options_.concurrency, 1U, limits::replay_concurrency);
}

std::vector<replay_result> replay_batch::run() {
    std::optional<inspector::record> parent;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        results_[i].parent = ids_[i];
        if (!wait_for_room()) {
            set_error(i, "cancelled", "The replay was cancelled before this request was sent.");
            continue;
        }
        if (!parent || parent->id != ids_[i]) parent = records_.find(ids_[i]);
        if (!parent) {
            set_error(i, "not_found", "The record is no longer in the history.");
        } else {
            send(i, *parent);
        }
    }
    wait_for_all();
    records_.flush();  // the new records can be read once their ids are known
    const std::lock_guard lock(mutex_);
    return results_;
}

void replay_batch::send(std::size_t place, const inspector::record& parent) {
    auto made = make_replay(parent, options_, judge_.get());
    if (auto* refused = std::get_if<replay_refusal>(&made))
        return set_error(place, std::string(name_of(refused->code)), std::move(refused->message));
    // What is compared once the response is there, without the bodies.
    auto summary = std::make_shared<inspector::record>();
    summary->id = parent.id;
    summary->response.status = parent.response.status;
    summary->response.body.length = parent.response.body.length;
    summary->response.body.sha256 = parent.response.body.sha256;
    replay_job job;
    job.message = std::move(std::get<replay_message>(made));
    job.parent = parent.id;
    job.public_url = parent.public_url;
    job.to = options_.to;
    job.app = to_string(options_.to.value_or(app_));
    job.timeout = options_.timeout;
    job.done = [self = shared_from_this(), place, summary](const std::shared_ptr<const inspector::record>& child) {
        self->finished(place, *summary, child);
    };
    {
        const std::lock_guard lock(mutex_);
        ++running_;
    }
    const auto started = start_(std::move(job));
    const std::lock_guard lock(mutex_);
    open_[place] = started;
    if (ended_) started->cancel();
}

void replay_batch::finished(std::size_t place, const inspector::record& parent,
                            const std::shared_ptr<const inspector::record>& child) {
    const std::lock_guard lock(mutex_);
    if (child) {
        results_[place] = judge_replay(parent, *child);
    } else {
        results_[place].error_code = "not_recorded";
        results_[place].error_message = "The request could not be recorded, so it was not sent.";
    }
    --running_;
    changed_.notify_all();
}

void replay_batch::set_error(std::size_t place, std::string code, std::string message) {
    const std::lock_guard lock(mutex_);
    results_[place].error_code = std::move(code);
    results_[place].error_message = std::move(message);
}

bool replay_batch::wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return cancelled_ || running_ < options_.concurrency; });
    return !cancelled_;
}

void replay_batch::wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0; });
}

void replay_batch::cancel(bool open) {
    std::vector<std::weak_ptr<replay_run>> runs;
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        ended_ = ended_ || open;
        if (open) runs = open_;
        changed_.notify_all();
    }
    for (const auto& run : runs) {
        if (const auto still = run.lock()) still->cancel();
    }
}

}  // namespace tunnel::inspection
