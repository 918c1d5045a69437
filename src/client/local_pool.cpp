#include "client/local_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "net/runtime.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::client {

local_pool::local_pool(const net::executor& strand, std::size_t most)
    : strand_(strand), most_(most), expiry_(strand, [this] { close_old(); }) {}

local_pool::taken local_pool::take(bool repeatable) {
    auto end = idle_.end();
    if (!repeatable) {
        const auto now = net::clock::now();
        if (now < distrusted_until_) return {};
        while (end != idle_.begin() && now - std::prev(end)->idle_since < limits::local_settle_time) --end;
    }
    if (end == idle_.begin()) return {};
    const auto at = std::prev(end);
    auto chosen = std::move(*at);
    idle_.erase(at);
    return chosen;
}

void local_pool::put(std::shared_ptr<local_connection> connection) {
    // The app closes it, or says something unasked for: either way it is of no more use.
    connection->on_input([pool = weak_from_this(), idle = connection.get()] {
        if (const auto self = pool.lock()) self->forget(idle);
    });
    connection->watch();
    net::run_on(strand_, [self = shared_from_this(), connection = std::move(connection)]() mutable {
        if (self->closed_ || self->most_ == 0) return discard(std::move(connection));
        self->idle_.push_back({std::move(connection), net::clock::now()});
        if (self->idle_.size() == 1) self->expiry_.set(limits::local_idle_time);
        if (self->idle_.size() <= self->most_) return;
        discard(std::move(self->idle_.front().connection));
        self->idle_.pop_front();
    });
}

void local_pool::forget(const local_connection* connection) {
    net::asio::post(strand_, [self = shared_from_this(), connection] {
        const auto at =
            std::ranges::find_if(self->idle_, [&](const taken& t) { return t.connection.get() == connection; });
        if (at == self->idle_.end()) return;
        const auto now = net::clock::now();
        if (now - at->idle_since < limits::local_fresh_time)
            self->distrusted_until_ = now + limits::local_distrust_time;
        discard(std::move(at->connection));
        self->idle_.erase(at);
    });
}

void local_pool::close() {
    closed_ = true;
    expiry_.stop();
    for (auto& entry : idle_) discard(std::move(entry.connection));
    idle_.clear();
}

void local_pool::close_old() {
    const auto now = net::clock::now();
    while (!idle_.empty() && now - idle_.front().idle_since >= limits::local_idle_time) {
        discard(std::move(idle_.front().connection));
        idle_.pop_front();
    }
    if (idle_.empty()) return;
    const auto left = limits::local_idle_time - (now - idle_.front().idle_since);
    expiry_.set(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds(1));
}

void local_pool::discard(std::shared_ptr<local_connection> connection) {
    const auto strand = connection->strand();
    net::asio::post(strand, [connection = std::move(connection)] { connection->close(); });
}

}  // namespace tunnel::client
