#include "client/local_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/runtime.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::client {

local_pool::local_pool(const net::executor& strand, std::size_t most)
    : strand_(strand), most_(most), expiry_(strand, [this] { close_old(); }) {}

local_pool::taken local_pool::take(bool repeatable) {
    if (!repeatable) {
        const auto now = net::clock::now();
        if (now < distrusted_until_) return {};
        settle(now);
    }
    auto& from = repeatable && !fresh_.empty() ? fresh_ : settled_;
    if (from.empty()) return {};
    auto chosen = std::move(from.back());
    from.pop_back();
    return chosen;
}

void local_pool::settle(net::clock::time_point now) {
    while (!fresh_.empty() && now - fresh_.front().idle_since >= limits::local_settle_time) {
        settled_.push_back(std::move(fresh_.front()));
        fresh_.pop_front();
    }
}

void local_pool::put(std::shared_ptr<local_connection> connection) {
    // The app closes it, or says something unasked for: either way it is of no more use.
    connection->on_input([pool = weak_from_this(), idle = connection.get()] {
        if (const auto self = pool.lock()) self->forget(idle);
    });
    connection->watch();
    net::run_on(strand_, [self = shared_from_this(), connection = std::move(connection)]() mutable {
        if (self->closed_ || self->most_ == 0) return discard(std::move(connection));
        self->fresh_.push_back({std::move(connection), net::clock::now()});
        if (self->idle() == 1) self->expiry_.set(limits::local_idle_time);
        if (self->idle() <= self->most_) return;
        discard(std::move(self->oldest().front().connection));
        self->oldest().pop_front();
    });
}

void local_pool::forget(const local_connection* connection) {
    net::asio::post(strand_, [self = shared_from_this(), connection] {
        for (auto* idle : {&self->fresh_, &self->settled_}) {
            const auto at =
                std::ranges::find_if(*idle, [&](const taken& t) { return t.connection.get() == connection; });
            if (at == idle->end()) continue;
            const auto now = net::clock::now();
            if (now - at->idle_since < limits::local_fresh_time)
                self->distrusted_until_ = now + limits::local_distrust_time;
            discard(std::move(at->connection));
            idle->erase(at);
            return;
        }
    });
}

void local_pool::close() {
    closed_ = true;
    expiry_.stop();
    for (; idle() > 0; oldest().pop_front()) discard(std::move(oldest().front().connection));
}

void local_pool::close_old() {
    const auto now = net::clock::now();
    for (; idle() > 0 && now - oldest().front().idle_since >= limits::local_idle_time; oldest().pop_front())
        discard(std::move(oldest().front().connection));
    if (idle() == 0) return;
    const auto left = limits::local_idle_time - (now - oldest().front().idle_since);
    expiry_.set(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds(1));
}

void local_pool::discard(std::shared_ptr<local_connection> connection) {
    const auto strand = connection->strand();
    net::asio::post(strand, [connection = std::move(connection)] { connection->close(); });
}

}  // namespace tunnel::client
