#include "server/public_session.hpp"

#include <utility>

#include "base/statistics.hpp"
#include "io/runtime.hpp"
#include "server/tunnel_session.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

using mux::failure;

namespace {

// Empty lines ahead of a request line, which some callers send behind a body, do not begin a request (RFC 9112 section
// 2.2).
bool begins_request(std::string_view buffered) { return buffered.find_first_not_of("\r\n") != buffered.npos; }

}  // namespace

public_session::public_session(io::connected_socket socket, std::shared_ptr<client_slot> slot, const options& settings,
                               std::uint64_t number)
    : on_(std::make_shared<io::connection>(std::move(socket), settings.max_header_bytes + limits::input_start,
                                           settings.body_timeout),
          number, [this] { deadline_expired(); }),
      slot_(std::move(slot)),
      settings_(settings),
      parser_(settings.max_header_bytes) {
    on_.trusted = settings.trusted.trusts(on_.address);
    on_.socket->start();
}

io::awaitable<void> public_session::run() {
    do {
        await_head();
        while (!read_head()) co_await on_.socket->wait_input();
        if (head_ != head_state::whole) break;
        exchange_ = make_exchange();
        co_await exchange_->run();
        end_exchange();
    } while (on_.keep_open);
    if (head_ == head_state::refused) co_await refuse_head();
    co_await linger();
}

io::awaitable<void> public_session::turn_away() {
    on_.keep_open = false;
    await_head();
    while (!read_head()) co_await on_.socket->wait_input();
    if (head_ == head_state::refused) co_await refuse_head();
    if (head_ == head_state::whole) {
        on_.unread = true;
        exchange_ = make_exchange();
        co_await exchange_->respond(failure::overloaded);
    }
    co_await linger();
}

void public_session::ended() {
    on_.deadline.stop();
    if (exchange_) end_exchange();
    on_.socket->on_input(nullptr);
    on_.socket->close();
    if (const auto session = served_by_.lock()) session->connection_closed(on_.number);
}

void public_session::stop(bool now) {
    io::post_to(strand(), [self = shared_from_this(), now] {
        self->on_.stopping = true;
        self->on_.keep_open = false;
        const auto reads_head = !self->exchange_;
        const auto awaits_first = reads_head && self->first_request_ && self->head_ == head_state::awaited;
        if (awaits_first) self->on_.deadline.set(limits::drain_grace);
        if (!reads_head) self->exchange_->stop(now);
        if (now && reads_head) self->on_.socket->close();
        self->on_.socket->wake();
    });
}

void public_session::cut_off() {
    io::post_to(strand(), [self = shared_from_this()] { self->on_.socket->abort(); });
}

void public_session::set_timer(std::chrono::milliseconds from_now) {
    timed_out_ = false;
    on_.deadline.set(from_now);
}

void public_session::deadline_expired() {
    if (exchange_) return exchange_->deadline_expired();
    timed_out_ = true;
    on_.socket->wake();
}

void public_session::await_head() {
    head_ = head_state::awaited;
    set_timer(first_request_ ? settings_.header_timeout : settings_.idle_timeout);
    parser_.reset();
    refusal_ = {};
}

bool public_session::read_head() {
    auto& socket = *on_.socket;
    if (const auto buffered = socket.buffered(); !buffered.empty()) {
        if (const auto size = parser_.parse(buffered, request_, refusal_); size > 0) {
            socket.consume(size);
            first_request_ = false;
            on_.deadline.clear();
            head_ = head_state::whole;
            return true;
        }
        if (head_ == head_state::awaited && begins_request(buffered)) {
            head_ = head_state::begun;
            set_timer(settings_.header_timeout);
        }
    }
    const auto begun = head_ == head_state::begun;
    if (begun && timed_out_) refusal_ = {408, "the request head did not arrive in time"};
    if (refusal_) {
        head_ = head_state::refused;
        return true;
    }
    if (timed_out_ || socket.at_end() || !socket.is_open() || (on_.stopping && !begun && !first_request_)) {
        head_ = head_state::missing;
        return true;
    }
    socket.watch();
    return false;
}

std::shared_ptr<public_exchange> public_session::make_exchange() {
    // Keeps this session for as long as the exchange needs the connection.
    auto on = std::shared_ptr<caller_connection>(shared_from_this(), &on_);
    return io::make_recycled<public_exchange>(std::move(on), slot_, settings_, request_);
}

void public_session::end_exchange() {
    const auto ended = std::exchange(exchange_, nullptr);
    ended->abandon();
    if (const auto session = ended->sent_to().lock()) served_by_ = session;
}

io::awaitable<void> public_session::refuse_head() {
    on_.deadline.clear();
    on_.unread = true;
    if (refusal_.status == 414 || refusal_.status == 431) program_statistics().reached(bound::max_head);
    request_ = {};
    request_.head.method = "-";
    request_.head.target = "-";
    exchange_ = make_exchange();
    co_await exchange_->respond(failure::bad_request, refusal_);
    end_exchange();
}

io::awaitable<void> public_session::linger() {
    auto& socket = *on_.socket;
    if (!socket.is_open() || (!on_.unread && !begins_request(socket.buffered()))) co_return;
    // Closing with unread input sends a reset that can overtake the response (RFC 9112 section 9.6).
    if (exchange_) end_exchange();
    socket.shutdown_send();
    const auto until = io::clock::now() + limits::linger_time;
    timed_out_ = false;
    while (!socket.at_end() && !timed_out_ && socket.is_open() && io::clock::now() < until) {
        on_.deadline.set(limits::linger_idle_time);
        socket.consume(socket.buffered().size());
        socket.watch();
        co_await socket.wait_input();
    }
}

}  // namespace tunnel::server
