#include <algorithm>
#include <memory>
#include <mutex>

#include "inspector_http/connection.hpp"
#include "inspector_http/event_source.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/on_worker.hpp"
#include "inspector_http/wait_search.hpp"
#include "io/runtime.hpp"

/// What a connection does while a response comes later: event streams, waits and replays.
namespace tunnel::inspector_http {

using io::no_throw;

namespace {

/// Counts one more while it lives.
class counted {
 public:
    explicit counted(std::size_t& count) noexcept : count_(count) { ++count_; }
    ~counted() { --count_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

 private:
    std::size_t& count_;
};

/// Where a deferred response arrives, whether or not its connection still waits for it.
struct landing {
    std::mutex mutex;
    std::optional<response> result;
    std::function<void()> notify;  // empty once nobody waits

    void land(response r) {
        const std::lock_guard lock(mutex);
        result = std::move(r);
        if (notify) notify();
    }
    [[nodiscard]] bool is_there() {
        const std::lock_guard lock(mutex);
        return result.has_value();
    }
    /// Afterwards notify is neither called nor running.
    [[nodiscard]] std::optional<response> leave() {
        const std::lock_guard lock(mutex);
        notify = nullptr;
        return std::move(result);
    }
};

response too_many(const char* what) {
    return error_response(api_error(
        503, "too_many_streams",
        std::string("The inspector has too many ") + what + " open; close a page or end a command, and try again."));
}

}  // namespace

io::awaitable<void> connection::pause(io::clock::time_point until) {
    timer_.expires_at(until);
    co_await timer_.async_wait(no_throw);
}

// No timeout counts here: a stream may be quiet for hours, and a wait may last.
void connection::watch_peer() {
    stream_.expires_never();
    auto seen = [self = shared_from_this()](const io::error_code& error) {
        io::error_code failed;
        if (error || (self->stream_.socket().available(failed) > 0 && !failed)) return;
        self->peer_gone_ = true;
        self->timer_.cancel();
    };
    stream_.socket().async_wait(io::tcp::socket::wait_read, std::move(seen));
}

io::awaitable<connection::next_step> connection::send_events(const exchange& e, event_source& source) {
    if (hub_.streams >= limits::streams) {
        const auto refused = too_many("event streams");
        const auto step = co_await send(e, refused);
        co_return step;
    }
    const counted open(hub_.streams);
    response head;
    head.content_type = "text/event-stream";
    bool going = co_await send_head(e, head);
    watch_peer();
    auto last_sent = io::clock::now();
    while (going && !is_over()) {
        auto next_events = [&] { return source.next(); };
        const auto events = co_await on_worker(hub_.workers, std::move(next_events));
        going = co_await send_part(e, events);
        const auto batch = io::clock::now();
        if (!events.empty()) last_sent = batch;
        if (source.is_behind()) continue;  // queued again, behind the requests of other connections
        while (!is_over() && io::clock::now() < batch + limits::batch_pause) {
            co_await pause(batch + limits::batch_pause);
        }
        while (going && !is_over() && !source.has_news()) {
            co_await pause(std::min(last_sent + limits::heartbeat, source.next_status()));
            if (io::clock::now() < last_sent + limits::heartbeat) continue;
            const std::string comment = ": still here\n\n";
            going = co_await send_part(e, comment);
            last_sent = io::clock::now();
        }
    }
    co_return next_step::close;
}

io::awaitable<connection::next_step> connection::wait_for(const exchange& e, wait_search& search) {
    if (hub_.waits >= limits::waits) {
        const auto refused = too_many("waiting requests");
        const auto step = co_await send(e, refused);
        co_return step;
    }
    const counted waiting(hub_.waits);
    const auto end = io::clock::now() + search.timeout();
    watch_peer();
    for (bool known = false; !known && !is_over();) {
        auto look = [&] { return search.look(); };
        known = co_await on_worker(hub_.workers, std::move(look));
        if (known || io::clock::now() >= end) break;
        if (search.is_reading()) continue;  // queued again, behind the requests of other connections
        const auto earliest = std::min(io::clock::now() + limits::wait_pause, end);
        while (!is_over() && io::clock::now() < earliest) co_await pause(earliest);
        while (!is_over() && io::clock::now() < end && !search.has_news()) co_await pause(end);
    }
    if (is_over()) co_return next_step::close;
    stream_.socket().cancel();
    auto finish = [&] { return search.result(); };
    const auto result = co_await on_worker(hub_.workers, std::move(finish));
    const auto step = co_await send(e, result);
    co_return step;
}

io::awaitable<connection::next_step> connection::wait_for(const exchange& e, const deferred& later) {
    if (hub_.waits >= limits::waits) {
        const auto refused = too_many("waiting requests");
        const auto step = co_await send(e, refused);
        co_return step;
    }
    const counted waiting(hub_.waits);
    const auto arrival = std::make_shared<landing>();
    const auto strand = stream_.get_executor();
    arrival->notify = [strand, self = weak_from_this()] {
        io::post_to(strand, [self] {
            if (const auto waiter = self.lock()) waiter->wake();
        });
    };
    watch_peer();
    auto begin = [&] { return later.start([arrival](response r) { arrival->land(std::move(r)); }); };
    auto token = co_await on_worker(hub_.workers, std::move(begin));
    while (!is_over() && !arrival->is_there()) co_await pause(io::clock::now() + limits::heartbeat);
    token.reset();
    const auto result = arrival->leave();
    if (is_over() || !result) co_return next_step::close;
    stream_.socket().cancel();
    const auto step = co_await send(e, *result);
    co_return step;
}

}  // namespace tunnel::inspector_http
