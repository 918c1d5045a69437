#include "mux/link.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {

using protocol::errc;

tunnel_link::tunnel_link(io::tcp::socket socket, role side, const link_times& times)
    : strand_(socket.get_executor()),
      stream_(std::move(socket), io::unsent_of_links),
      poller_(io::poller_of(strand_)),
      peer_(stream_.peer_name()),
      times_(times),
      streams_(side, control_, [this] { put_off(); }),
      last_received_(io::clock::now()),
      liveness_(strand_, [this] { check_liveness(); }),
      tick_(std::max<std::chrono::milliseconds>(times.ping_after / 10, std::chrono::milliseconds(1))),
      goodbye_(strand_, [this] { end_goodbye(); }),
      retry_(strand_, [this] { try_again(); }) {}

void tunnel_link::start() {
    if (closed_ || std::exchange(started_, true)) return;
    stream_.start(std::shared_ptr<io::socket_watcher>(shared_from_this(), this), strand_);
    put_off();
}

void tunnel_link::ready(io::socket_events events) {
    stream_.note(events);
    if (events.writable) {
        blocked_ = false;
        put_off();
    }
    read();
}

void tunnel_link::put_off() {
    if (closed_ || !started_ || put_off_) return;
    poller_.defer(strand_, std::shared_ptr<io::deferred>(shared_from_this(), this));
    put_off_ = true;
}

void tunnel_link::run_deferred() {
    put_off_ = false;
    read();
    try {
        write();
    } catch (...) {
        close("internal error");
        throw;
    }
}

void tunnel_link::read() {
    if (closed_ || !stream_.readable()) return;
    try {
        if (input_.empty() && input_.capacity() > 2 * limits::link_read) input_.reset();
        const auto missing = needed_ > input_.size() ? needed_ - input_.size() : 0;
        const auto room =
            std::max(missing, input_.spare() >= limits::link_read / 2 ? input_.spare() : limits::link_read);
        auto* const into = input_.prepare(room);
        io::error_code error;
        const auto n = stream_.read(into, room, error);
        if (error == io::asio::error::would_block) return;
        if (error) return close(error == io::asio::error::eof ? std::string("closed by peer") : error.message());
        last_received_ = io::clock::now();
        probed_ = false;
        // What arrives tells that something has left. The kernel says so only once it has room for a third of all that
        // it can hold, sent or not, which over a long path is after it ran out.
        try_again();
        if (input_.empty()) frame_begun_ = last_received_;
        input_.commit(n);
        octets_arrived();
        if (stream_.readable()) put_off();
    } catch (...) {
        close("internal error");
        throw;
    }
}

void tunnel_link::octets_arrived() {
    if (dropping_) {
        input_.clear();
    } else if (owner_ != nullptr) {
        handle_frames();
    } else {
        input_arrived_.notify_now();
    }
}

void tunnel_link::handle_frames() {
    while (!closed_ && !dropping_) {
        bool found = false;
        if (!decode_next(message_, found) || !found) break;
        if (const auto error = handle(std::move(message_), *owner_)) protocol_error(error);
        // With several threads, many reads may come before the write that was put off.
        if (control_.size() > limits::control_queue) write();
        if (control_.size() > limits::control_queue) close("peer floods and does not read");
    }
    drop_handled();
}

void tunnel_link::drop_handled() noexcept {
    input_.consume(first_);
    first_ = 0;
}

bool tunnel_link::decode_next(protocol::message& m, bool& found) {
    const auto buffered = input_.view().substr(first_);
    std::error_code error;
    const auto raw_bodies = streams_.form() == protocol::body_form::raw;
    const auto frame = protocol::read_frame(buffered, error, raw_bodies);
    if (!error) {
        needed_ = frame.total;
        if (!greeted_ && needed_ > limits::max_hello) error = errc::frame_too_large;
    }
    if (!error) {
        if (!frame.complete()) return true;
        error =
            decoder_.decode(frame.payload, m, frame.raw_body ? protocol::body_form::raw : protocol::body_form::base64);
        first_ += frame.total;
        needed_ = 0;
        frame_begun_ = last_received_;
        found = true;
    }
    if (!error) return true;
    if (protocol::is_stream_error(error)) {
        // The stream is at fault, not the connection.
        const auto id = std::visit(
            [](const auto& part) {
                if constexpr (requires { part.id; }) return part.id;
                return protocol::stream_id{0};
            },
            m);
        const auto opens = std::holds_alternative<protocol::request>(m);
        m = protocol::unknown{};
        error = streams_.handle_bad_body(id, opens);
        if (!error) return true;
    }
    protocol_error(error);
    return false;
}

io::awaitable<bool> tunnel_link::receive(protocol::message& m) {
    while (!closed_) {
        bool found = false;
        if (!decode_next(m, found)) co_return false;
        drop_handled();
        if (found) co_return true;
        co_await input_arrived_.wait();
    }
    co_return false;
}

void tunnel_link::protocol_error(std::error_code error) {
    spdlog::warn("tunnel peer {} broke the protocol: {}", peer_, error.message());
    const auto reason = error == errc::unsupported_version ? protocol::goaway_reason::version  //
                                                           : protocol::goaway_reason::protocol;
    ended_ = error.message();
    dropping_ = true;
    finish(reason, error.message());
    input_arrived_.notify();
}

io::awaitable<bool> tunnel_link::receive_hello(protocol::hello& theirs, owner& events) {
    start();
    // A goodbye may have been said already: its deadline holds.
    if (!said_goodbye_) goodbye_.set(times_.hello);
    protocol::message m;
    const auto received = co_await receive(m);
    if (!received) co_return false;
    if (!said_goodbye_) goodbye_.clear();
    if (auto* hello = std::get_if<protocol::hello>(&m)) {
        theirs = std::move(*hello);
        if (theirs.protocol == protocol::version) {
            greeted_ = true;
            co_return true;
        }
        protocol_error(errc::unsupported_version);
        co_return false;
    }
    if (const auto* goaway = std::get_if<protocol::goaway>(&m)) {
        events.on_goaway(*goaway);
        close("goaway " + std::string(to_string(goaway->reason)));
        co_return false;
    }
    protocol_error(errc::unexpected_message);
    co_return false;
}

io::awaitable<void> tunnel_link::run(owner& events) {
    start();
    last_received_ = io::clock::now();
    liveness_.set(tick_);
    owner_ = &events;
    handle_frames();
    while (!closed_ && !dropping_) co_await input_arrived_.wait();
    streams_.fail_all(stream_failure_);
    co_await drain();
    owner_ = nullptr;
}

void tunnel_link::abandon(std::string why) {
    close(std::move(why));
    owner_ = nullptr;
    streams_.fail_all(stream_failure_);
}

io::awaitable<void> tunnel_link::drain() {
    dropping_ = true;
    input_.clear();
    while (!closed_) co_await input_arrived_.wait();
}

std::error_code tunnel_link::handle(protocol::message&& m, owner& events) {
    using namespace protocol;
    if (auto* p = std::get_if<data>(&m)) return streams_.handle(std::move(*p));
    if (auto* p = std::get_if<response>(&m)) return streams_.handle(std::move(*p));
    if (auto* p = std::get_if<window>(&m)) return streams_.handle(*p);
    if (auto* p = std::get_if<protocol::cancel>(&m)) return streams_.handle(*p);
    if (auto* p = std::get_if<fin>(&m)) return streams_.handle(*p);
    if (auto* p = std::get_if<request>(&m)) {
        if (const auto error = streams_.check_new(*p)) return error;
        if (!streams_.takes_body_of(*p)) return streams_.handle_bad_body(p->id, true);
        const auto s = events.new_exchange(*p);
        streams_.adopt(s, *p);
        events.serve(s, std::move(*p));
        return {};
    }
    if (const auto* p = std::get_if<ping>(&m)) {
        append_frame(control_, pong{p->nonce});
        put_off();
        return {};
    }
    if (const auto* p = std::get_if<pong>(&m)) {
        if (p->nonce == ping_nonce_ && std::exchange(pong_due_, false))
            streams_.note_round_trip(io::clock::now() - pinged_);
        return {};
    }
    if (std::holds_alternative<hello>(m)) return errc::unexpected_message;
    if (const auto* p = std::get_if<goaway>(&m)) events.on_goaway(*p);
    return {};
}

void tunnel_link::send(const protocol::hello& m) {
    append_frame(control_, m);
    start();
    put_off();
}

void tunnel_link::start(const protocol::hello& ours, const protocol::hello& theirs) {
    streams_.start(ours, theirs);
    send_ping();  // on a link that carries nothing yet, its answer takes one round trip
}

void tunnel_link::send_ping() {
    if (closed_) return;
    pong_due_ = true;
    pinged_ = io::clock::now();
    ++ping_nonce_;
    append_frame(control_, protocol::ping{ping_nonce_});
    put_off();
}

void tunnel_link::announce(protocol::goaway_reason reason, std::string detail) {
    if (closed_) return;
    said_goodbye_ = true;
    append_frame(control_, protocol::goaway{reason, std::move(detail)});
    start();
    put_off();
}

void tunnel_link::end_goodbye() {
    if (!said_goodbye_ && !leaving_) return close("no hello in time");
    // A request may have crossed our goodbye: it is answered first.
    if (!finishing_ && streams_.size() > 0) return;
    close("goodbye was said");
}

void tunnel_link::leave() {
    if (closed_) return;
    leaving_ = true;
    put_off();
}

void tunnel_link::finish(protocol::goaway_reason reason, std::string detail) {
    if (closed_ || finishing_) return;
    goodbye_.set(times_.goaway);
    announce(reason, std::move(detail));
    finishing_ = true;
}

void tunnel_link::close(std::string why) {
    if (closed_) return;
    closed_ = true;
    if (ended_.empty()) ended_ = std::move(why);
    stream_.close();
    liveness_.stop();
    goodbye_.stop();
    retry_.stop();
    input_arrived_.notify();
}

void tunnel_link::write() {
    const auto try_again = std::exchange(try_again_, false);
    if (blocked_ && !try_again) return;
    bool filled = false;
    while (!closed_) {
        if (written_ == output_.size()) {
            // A piece a turn: what has arrived meanwhile is not to wait until all streams have had their say.
            const auto more = !control_.empty() || (!finishing_ && streams_.has_output());
            if (more && std::exchange(filled, true)) return put_off();
            if (!fill()) return nothing_to_write();
        }
        io::error_code error;
        const auto n = stream_.write(io::gather(output_.view().substr(written_)), error);
        if (error == io::asio::error::would_block) {
            if (!std::exchange(blocked_, true)) write_begun_ = io::clock::now();
            slow_for_ = limits::slow_link_pieces;
            stream_.await_writable();
            if (stream_.holds_more_unsent()) retry_.set(limits::unsent_retry);
            return;
        }
        if (error) return close(error.message());
        blocked_ = false;
        written_ += n;
    }
}

void tunnel_link::try_again() {
    if (!blocked_) return;
    try_again_ = true;
    put_off();
}

bool tunnel_link::fill() {
    output_.clear();
    written_ = 0;
    // One large burst must not make an idle link large for good.
    if (output_.capacity() > 2 * limits::link_queue) output_.reset();
    output_.append(control_.view());
    control_.clear();
    const auto shared_slice = slow_for_ > 0 ? limits::shared_body_slice : limits::body_slice;
    if (slow_for_ > 0) --slow_for_;
    if (!finishing_) streams_.fill(output_, limits::link_queue, shared_slice);
    return !output_.empty();
}

void tunnel_link::nothing_to_write() {
    if (finishing_ || (leaving_ && streams_.size() == 0)) {
        // FIN behind the last frame; the peer closes, or goodbye_ does.
        stream_.shutdown_send();
        goodbye_.set(times_.goaway);
    } else if (said_goodbye_ && streams_.size() == 0) {
        goodbye_.set(times_.goaway);  // the server closes, once it knows that nothing more is on its way
    }
}

void tunnel_link::check_liveness() {
    if (closed_) return;
    const auto now = io::clock::now();
    const auto silent = now - last_received_;
    if (silent >= times_.dead_after) return close("no sign of life from the peer");
    if (blocked_ && now - write_begun_ >= times_.write) return close("peer takes no data");
    if (!input_.empty() && now - frame_begun_ >= times_.frame) return close("a frame took too long");
    if (silent >= times_.ping_after && !std::exchange(probed_, true)) send_ping();
    liveness_.set(tick_);
}

}  // namespace tunnel::mux
