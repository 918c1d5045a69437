#include "inspection/local_replayer.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <utility>

#include "base/loopback.hpp"
#include "inspection/limits.hpp"
#include "io/asio.hpp"

namespace tunnel::inspection {

using inspector::record_id;
using inspector_http::refusal_code;
using inspector_http::replay_options;
using inspector_http::replay_refusal;
using inspector_http::replay_result;

namespace {

/// Cancels a batch when the caller lets go of it.
struct cancel_token {
    explicit cancel_token(std::shared_ptr<replay_batch> b) : batch(std::move(b)) {}
    cancel_token(const cancel_token&) = delete;
    cancel_token& operator=(const cancel_token&) = delete;
    ~cancel_token() { batch->cancel(false); }
    std::shared_ptr<replay_batch> batch;
};

}  // namespace

local_replayer::local_replayer(io::runtime& rt, const client::options& settings, capture& recorded, listeners notified)
    : runtime_(rt), settings_(settings), capture_(recorded), listeners_(std::move(notified)) {}

local_replayer::~local_replayer() {
    stop();
    if (watcher_.joinable()) watcher_.join();
    for (auto& w : workers_) w.thread.join();
}

void local_replayer::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& w : workers_) w.batch->cancel(true);
    changed_.notify_all();
}

address local_replayer::target_of(const replay_options& options) const {
    if (options.to) return *options.to;
    return {settings_.local_host, settings_.local_port};
}

std::optional<replay_refusal> local_replayer::refuse(const std::vector<record_id>& ids,
                                                     const replay_options& options) const {
    const auto to = target_of(options);
    if (options.to && !is_loopback(to.host))
        return replay_refusal{refusal_code::target_refused, "A replay goes to this machine only; name a port of it."};
    if (!options.to && settings_.echo)
        return replay_refusal{refusal_code::target_refused,
                              "The client runs with --echo and has no app; name the port of one."};
    if (to.port == own_port_ && is_loopback(to.host))
        return replay_refusal{refusal_code::target_refused, "That is the inspector itself; name the port of an app."};
    if (ids.size() != 1) return std::nullopt;
    const auto only = capture_.records().find(ids.front());
    if (!only) return replay_refusal{refusal_code::not_found, "The history has no record of that id."};
    auto made = make_replay(*only, options, capture_.settings().judge.get());
    if (auto* refused = std::get_if<replay_refusal>(&made)) return std::move(*refused);
    return std::nullopt;
}

std::shared_ptr<void> local_replayer::start(std::vector<record_id> ids, replay_options options,
                                            inspector_http::replay_done done) {
    if (auto refused = refuse(ids, options)) {
        done(std::move(*refused));
        return nullptr;
    }
    const auto batch = std::make_shared<replay_batch>(capture_, target_of(options), ids, std::move(options),
                                                      [this](replay_job job) { return begin(std::move(job)); });
    {
        const std::lock_guard lock(mutex_);
        join_finished();
        if (!stopping_ && workers_.size() < limits::replay_batches) {
            auto& mine = workers_.emplace_back();
            mine.batch = batch;
            // The io_context goes on until the batch is done, which waits for what runs there.
            mine.thread = std::thread(
                [&mine, batch, done = std::move(done), work = io::asio::make_work_guard(runtime_.context())] {
                    done(batch->run());
                    mine.done = true;
                });
            return std::make_shared<cancel_token>(batch);
        }
    }
    done(replay_refusal{refusal_code::busy, "Other replays are running; try again once one of them is done."});
    return nullptr;
}

void local_replayer::join_finished() {
    for (auto w = workers_.begin(); w != workers_.end();) {
        if (!w->done) {
            ++w;
            continue;
        }
        w->thread.join();
        w = workers_.erase(w);
    }
}

std::shared_ptr<replay_run> local_replayer::begin(replay_job job) {
    auto run = std::make_shared<replay_run>(runtime_, settings_, app_, capture_, std::move(job));
    run->start();
    return run;
}

// --- watches

std::optional<replay_refusal> local_replayer::watch(record_id id, replay_options options) {
    if (auto refused = refuse({id}, options)) return refused;
    {
        const std::lock_guard lock(mutex_);
        if (watches_.size() >= limits::watches && !watches_.contains(id))
            return replay_refusal{refusal_code::busy, "As many records are watched as can be; end one of the watches."};
        watched w;
        w.since = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
        // What listens now is not back: only a listener after it is.
        static_cast<void>(w.app.is_back(look_for_app(target_of(options))));
        w.options = std::move(options);
        watches_.insert_or_assign(id, std::move(w));
        if (!watcher_.joinable() && !stopping_) watcher_ = std::thread([this] { watch_apps(); });
        changed_.notify_all();
    }
    listeners_.changed();
    return std::nullopt;
}

bool local_replayer::unwatch(record_id id) {
    {
        const std::lock_guard lock(mutex_);
        if (watches_.erase(id) == 0) return false;
    }
    listeners_.changed();
    return true;
}

std::vector<inspector_http::watch_info> local_replayer::watches() const {
    const std::lock_guard lock(mutex_);
    std::vector<inspector_http::watch_info> all;
    for (const auto& [id, w] : watches_) all.push_back({id, w.since, w.runs});
    return all;
}

void local_replayer::watch_apps() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (watches_.empty()) {
            changed_.wait(lock);
            continue;
        }
        lock.unlock();
        for (const auto id : returned()) replay_watched(id);
        lock.lock();
        changed_.wait_for(lock, limits::watch_interval, [this] { return stopping_; });
    }
}

std::vector<record_id> local_replayer::returned() {
    std::vector<std::pair<record_id, address>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, w] : watches_) all.emplace_back(id, target_of(w.options));
    }
    std::vector<record_id> back;
    for (const auto& [id, app] : all) {
        const auto now = look_for_app(app);
        const std::lock_guard lock(mutex_);
        const auto found = watches_.find(id);
        if (found != watches_.end() && found->second.app.is_back(now)) back.push_back(id);
    }
    return back;
}

void local_replayer::replay_watched(record_id id) {
    replay_options options;
    {
        const std::lock_guard lock(mutex_);
        const auto found = watches_.find(id);
        if (found == watches_.end()) return;
        ++found->second.runs;
        options = found->second.options;
    }
    std::promise<replay_result> result;
    const auto token = start({id}, std::move(options), [&](inspector_http::replay_outcome outcome) {
        replay_result last;
        last.parent = id;
        if (auto* results = std::get_if<std::vector<replay_result>>(&outcome)) {
            if (!results->empty()) last = std::move(results->back());
        } else {
            const auto& refused = std::get<replay_refusal>(outcome);
            last.error_code = name_of(refused.code);
            last.error_message = refused.message;
        }
        result.set_value(std::move(last));
    });
    listeners_.watch_ran(id, result.get_future().get());
    listeners_.changed();
}

}  // namespace tunnel::inspection
