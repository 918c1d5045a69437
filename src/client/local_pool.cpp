#include "client/local_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

local_pool::taken::~taken() {
    if (!connection) return;
    const auto strand = connection->strand();
    io::run_on(strand, [idle = std::move(connection)] { idle->close(); });
}

local_pool::local_pool(const io::executor& strand, std::size_t most)
    : strand_(strand), most_(most), expiry_(strand, [this] { close_old(); }) {}

local_pool::taken local_pool::take(bool repeatable) {
    if (!repeatable) {
        const auto now = io::clock::now();
        if (now < distrusted_until_) return {};
        settle(now);
    }
    auto& from = repeatable && !fresh_.empty() ? fresh_ : settled_;
    if (from.empty()) return {};
    auto chosen = std::move(from.back());
    from.pop_back();
    return chosen;
}

void local_pool::settle(io::clock::time_point now) {
    while (!fresh_.empty() && now - fresh_.front().idle_since >= limits::local_settle_time) {
        settled_.push_back(std::move(fresh_.front()));
        fresh_.pop_front();
    }
}

void local_pool::put(std::shared_ptr<local_connection> connection) {
    taken put(std::move(connection), io::clock::now());
    // The app closes it, or says something unasked for: either way it is of no more use.
    put.connection->on_input([idle = put.connection.get()] {
        if (const auto pool = idle->home.lock()) pool->forget(idle);
    });
    put.connection->watch();
    io::run_on(strand_, [self = shared_from_this(), put = std::move(put)]() mutable {
        if (self->closed_ || self->most_ == 0) return;
        self->fresh_.push_back(std::move(put));
        if (self->idle() > self->most_) self->oldest().pop_front();
        if (self->idle() == 1) self->expiry_.set(limits::local_idle_time);
    });
}

void local_pool::forget(const local_connection* connection) {
    io::asio::post(strand_, [self = shared_from_this(), connection] {
        for (auto* idle : {&self->fresh_, &self->settled_}) {
            const auto at =
                std::ranges::find_if(*idle, [&](const taken& t) { return t.connection.get() == connection; });
            if (at == idle->end()) continue;
            const auto now = io::clock::now();
            if (now - at->idle_since < limits::local_fresh_time)
                self->distrusted_until_ = now + limits::local_distrust_time;
            idle->erase(at);
            return;
        }
    });
}

void local_pool::close() {
    closed_ = true;
    expiry_.stop();
    while (idle() > 0) oldest().pop_front();
}

void local_pool::close_old() {
    const auto now = io::clock::now();
    while (idle() > 0 && now - oldest().front().idle_since >= limits::local_idle_time) oldest().pop_front();
    if (idle() == 0) return;
    const auto left = limits::local_idle_time - (now - oldest().front().idle_since);
    expiry_.set(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds(1));
}

}  // namespace tunnel::client
