#include "io/poller.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

asio::execution_context::id poller::id;

poller& poller_of(const executor& strand) {
    return asio::use_service<poller>(asio::query(strand, asio::execution::context));
}

void poller::notify(socket_watcher& watcher, const socket_events& events) noexcept {
    try {
        watcher.ready(events);
    } catch (const std::exception&) {
        log_exception("a connection", std::current_exception());
    }
}

void poller::defer(const executor& strand, std::shared_ptr<deferred> task) {
    if (!is_whole_context(strand)) return post_to(strand, [task = std::move(task)] { task->run_deferred(); });
    deferred_.push_back(std::move(task));
    if (!in_iteration_) post_deferred();
}

void poller::post_deferred() {
    if (posted_) return;
    asio::post(context_, [this] {
        posted_ = false;
        in_iteration_ = true;
        run_deferred();
    });
    posted_ = true;
}

void poller::run_deferred() noexcept {
    for (int i = 0; i < limits::deferred_rounds && !deferred_.empty(); ++i) {
        running_.swap(deferred_);
        for (auto& task : running_) {
            try {
                std::exchange(task, nullptr)->run_deferred();
            } catch (const std::exception&) {
                log_exception("deferred work", std::current_exception());
            }
        }
        running_.clear();
    }
    in_iteration_ = false;
    if (!deferred_.empty()) post_deferred();
}

}  // namespace tunnel::io
