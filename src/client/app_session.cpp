#include "client/app_session.hpp"

#include <utility>

#include "base/log.hpp"
#include "client/local_exchange.hpp"
#include "io/deadline.hpp"
#include "io/runtime.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

app_session::app_session(io::executor strand, const options& settings, std::shared_ptr<app_knowledge> app)
    : strand_(std::move(strand)), settings_(settings), app_(std::move(app)), parser_(settings.max_header_bytes) {}

void app_session::serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
                        std::shared_ptr<exchange_observer> observer) {
    io::run_on(strand_, [self = shared_from_this(), exchange = std::move(exchange), request = std::move(request),
                         observer = std::move(observer)]() mutable {
        self->waiting_.push_back({std::move(exchange), std::move(request), std::move(observer)});
        if (self->running_) return self->waiting_changed_.notify_now();
        self->start();
    });
}

void app_session::start() {
    running_ = true;
    auto run = [self = shared_from_this()]() -> io::awaitable<void> { return self->run(); };
    io::spawn(strand_, "app connection", std::move(run), [self = shared_from_this()] { self->run_ended(); });
}

void app_session::finish() {
    io::run_on(strand_, [self = shared_from_this()] {
        self->finished_ = true;
        self->waiting_changed_.notify();
    });
}

io::awaitable<void> app_session::run() {
    for (;;) {
        while (waiting_.empty() && !finished_) co_await waiting_changed_.wait();
        if (waiting_.empty()) co_return;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        current_ = io::make_recycled<local_exchange>(*this, std::move(next.exchange), std::move(next.request),
                                                     std::move(next.observer));
        co_await current_->run();
        current_->ended();
        current_ = nullptr;
    }
}

void app_session::run_ended() {
    running_ = false;
    if (const auto failed = std::exchange(current_, nullptr)) failed->ended();
    disconnect();
    if (!waiting_.empty()) start();  // an internal error ended one request, which the log says, and not the others
}

io::awaitable<io::error_code> app_session::connect(std::string& tried) {
    disconnect();
    dialling_ = std::make_unique<io::dialler>(strand_, app_->reached);
    auto where = local_addresses(settings_);
    const auto error = co_await dialling_->dial(std::move(where), settings_.local_connect_timeout);
    const auto dialled = std::move(dialling_);
    if (error) {
        tried = dialled->tried();
        refused_ = dialled->refused();
    }
    if (error) co_return error;
    io::error_code ignored;
    dialled->socket().set_option(io::tcp::socket::receive_buffer_size(limits::local_unread), ignored);
    connection_ = std::make_shared<io::connection>(
        std::move(dialled->socket()), settings_.max_header_bytes + limits::input_start, std::chrono::milliseconds(0));
    connection_->start();
    if (spdlog::should_log(spdlog::level::debug))
        spdlog::debug("new connection to the app at {}", connection_->peer_name());
    co_return io::error_code();
}

io::awaitable<void> app_session::let_settle() {
    const auto left = idle_since_ + app_->trust.settle_time() - io::clock::now();
    if (left <= io::clock::duration(0)) co_return;
    io::deadline timer(strand_, [this] { settled_.notify(); });
    timer.set(std::chrono::ceil<std::chrono::milliseconds>(left));
    co_await settled_.wait();
}

std::string app_session::authority() const { return to_string(address{settings_.local_host, settings_.local_port}); }

void app_session::disconnect() {
    settled_.notify();
    if (dialling_) dialling_->cancel();
    if (!connection_) return;
    connection_->on_input(nullptr);
    connection_->close();
    connection_ = nullptr;
    idle_since_ = {};
}

void app_session::keep() {
    idle_since_ = io::clock::now();
    connection_->on_input([this] { idle_input(); });
    connection_->watch();
}

void app_session::reusing() {
    if (app_->trust.settle_time() > std::chrono::milliseconds(0)) app_->trust.kept(io::clock::now() - idle_since_);
}

// The app closes the connection, or sends something that nothing asked for: either way it is of no more use.
void app_session::idle_input() {
    const auto closed = connection_->at_end();
    if (spdlog::should_log(spdlog::level::debug))
        spdlog::debug("the app at {} {}", connection_->peer_name(),
                      closed ? "closed an idle connection" : "sent bytes that no request asked for");
    if (closed) app_->trust.closed_idle(io::clock::now() - idle_since_);
    disconnect();
}

}  // namespace tunnel::client
