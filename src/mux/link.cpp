#include "mux/link.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/log.hpp"
#include "base/loopback.hpp"
#include "base/platform.hpp"
#include "mux/foreign_protocol.hpp"
#include "mux/frame_trace.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {

using protocol::errc;

namespace {

// Unlike the steady clock, this one does not stand still while the machine sleeps: a peer is judged by how long it was
// silent for the world.
liveness::time_point now() noexcept {
    return liveness::time_point(std::chrono::duration_cast<liveness::duration>(time_since_boot()));
}

/// The error with the type of the message; empty: its own words say enough.
std::string in_words(const std::error_code& error, const protocol::message& m, role side) {
    if (error != errc::wrong_direction) return {};
    const auto type = std::visit([](const auto& part) { return frame_type::name(part); }, m);
    return "`" + std::string(type) + "` is never sent to a " + (side == role::client ? "client" : "server");
}

}  // namespace

link::link(io::connected_socket socket, role side, const link_times& times)
    : strand_(socket.socket().get_executor()),
      socket_(std::move(socket), io::unsent_of_links),
      poller_(io::poller_of(strand_)),
      peer_(socket_.peer_name()),
      times_(times),
      streams_(std::make_shared<stream_set>(side, strand_, [this] { schedule(); })),
      liveness_({times.ping_after, times.dead_after, times.write, times.frame}, now()),
      check_(strand_, [this] { check_liveness(); }),
      check_every_(std::max<std::chrono::milliseconds>(times.ping_after / 10, std::chrono::milliseconds(1))),
      ending_(strand_,
              [this] {
                  if (!goodbye_.begun()) return protocol_error(errc::hello_too_slow);
                  take(goodbye_.timed_out(streams_->size()));
              }),
      retry_(strand_,
             [this] {
                 output_.retry();
                 schedule();
             }),
      traced_(traces_frames()) {
    if (!is_loopback(socket_.peer_address())) streams_->set_off_machine();
}

link::~link() { streams_->detach(); }

// --- what arrives

void link::watch_socket() {
    if (closed_ || std::exchange(watching_, true)) return;
    socket_.start(std::shared_ptr<io::socket_watcher>(shared_from_this(), this), strand_);
    schedule();
}

void link::ready(io::socket_events events) {
    socket_.note(events);
    if (events.writable) {
        output_.retry();
        liveness_.unblocked();
        schedule();
    }
    read();
}

void link::run_deferred() {
    scheduled_ = false;
    read();
    write();
}

void link::read() {
    if (closed_) return;
    if (input_.pending()) return expand();
    if (!socket_.readable()) return;
    const auto frame_begins = input_.empty();
    io::error_code error;
    input_.read(socket_, error);
    if (error == io::asio::error::would_block) {
        if (owner_ != nullptr) owner_->on_frames_handled();
        return;
    }
    if (error) return close(error == io::asio::error::eof ? std::string("closed by peer") : error.message());
    received_anything_ = true;
    const auto at = now();
    // What a peer sent while this program was suspended was given up by it long ago.
    if (owner_ != nullptr && liveness_.suspended(at)) return close("the program was suspended");
    liveness_.received(at, frame_begins);
    // What arrives shows that something has left. The kernel reports room only once a third of all that it can hold is
    // free, which over a long path is after it ran out.
    if (output_.blocked()) {
        output_.retry();
        schedule();
    }
    if (input_.compressed()) return expand();
    bytes_arrived();
    if (socket_.readable()) schedule();
}

void link::expand() {
    const auto error = input_.expand();
    if (error) return protocol_error(error);
    bytes_arrived();
    if (socket_.readable() || input_.pending()) schedule();
}

void link::bytes_arrived() {
    if (input_is_ == input_state::discarded) {
        input_.discard();
    } else if (owner_ != nullptr) {
        handle_frames();
    } else {
        input_arrived_.notify_now();
    }
}

template <class Message>
std::error_code link::handle(Message&& m) {
    using message = std::remove_cvref_t<Message>;
    if (traced_) trace_frame(peer_, m);
    const auto client = streams_->side() == role::client;
    if constexpr (std::is_same_v<message, protocol::response>) {
        if (client) return errc::wrong_direction;
    }
    if constexpr (std::is_same_v<message, protocol::fin> || std::is_same_v<message, protocol::closed_connection>) {
        if (!client) return errc::wrong_direction;
    }
    if constexpr (std::is_same_v<message, protocol::request>) {
        if (refuses_requests()) return errc::request_after_goaway;
        std::error_code error;
        if (const auto s = streams_->accept(m, error))
            owner_->on_request(s, part<protocol::request>(std::forward<Message>(m)));
        return error;
    } else if constexpr (requires { m.id; }) {
        return streams_->handle(std::forward<Message>(m));
    } else if constexpr (std::is_same_v<message, protocol::closed_connection>) {
        owner_->on_closed(m);
    } else if constexpr (std::is_same_v<message, protocol::ping>) {
        append_frame(streams_->control(), protocol::pong{m.nonce});
        schedule();
    } else if constexpr (std::is_same_v<message, protocol::pong>) {
        if (const auto took = liveness_.pong(m.nonce, now())) streams_->note_round_trip(*took);
    } else if constexpr (std::is_same_v<message, protocol::goaway>) {
        const auto shutdown = m.reason == protocol::goaway_reason::shutdown;
        if (!goodbye_.peer_sent_goaway(shutdown)) return {};
        owner_->on_goaway(m);
        if (!shutdown) close("goaway " + std::string(to_string(m.reason)));
        schedule();
    } else if constexpr (std::is_same_v<message, protocol::hello>) {
        return errc::second_hello;
    }
    return {};
}

void link::handle_frames() {
    while (!closed_ && input_is_ == input_state::frames && decode_next()) {
        const auto error = std::visit([this](auto& m) { return handle(std::move(m)); }, input_.message());
        if (error) protocol_error(error, in_words(error, input_.message(), streams_->side()));
        // With several threads, many reads may come before the write that was deferred.
        if (streams_->control().size() > limits::control_queue) write();
        if (streams_->control().size() > limits::control_queue) close("peer floods and does not read");
    }
    input_.drop_decoded();
    // After a pause, a cancel or the end of the connection may follow what was just handled: read on first.
    const auto read_on = socket_.readable() && liveness_.late(now());
    if (owner_ == nullptr || read_on) return;
    owner_->on_frames_handled();
    if (streams_->control().size() > limits::control_queue) write();
    if (streams_->control().size() > limits::control_queue) close("peer floods and does not read");
}

bool link::decode_next() {
    for (;;) {
        std::error_code error;
        if (!input_.next(handshake_.largest_frame(), *streams_, error)) return false;
        liveness_.frame_ended();
        if (!error) return true;
        const auto of_stream = protocol::is_stream_error(error);
        if (of_stream) error = unreadable_message(error);
        if (!error) continue;
        protocol_error(error, of_stream ? std::string() : input_.fault());
        return false;
    }
}

// The stream of that message is at fault, not the connection.
std::error_code link::unreadable_message(std::error_code error) {
    if (input_is_ == input_state::greeting) return error;
    const auto id = std::visit(
        [](const auto& m) {
            if constexpr (requires { m.id; }) return m.id;
            return protocol::stream_id{0};
        },
        input_.message());
    const auto opens = std::holds_alternative<protocol::request>(input_.message());
    if (opens && refuses_requests()) return errc::request_after_goaway;
    return opens ? streams_->reject(id, input_.fault()) : streams_->handle_unreadable(id, input_.fault());
}

void link::protocol_error(std::error_code error, std::string fault) {
    ended_ = fault.empty() ? error.message() : std::move(fault);
    if (error == errc::frame_too_large && input_is_ == input_state::greeting) {
        if (const auto foreign = foreign_protocol(input_.rest()); !foreign.empty()) ended_ = foreign;
    }
    // Of a peer that did not get as far as a hello, the owner says what became of it.
    const auto level = input_is_ == input_state::greeting ? spdlog::level::debug : fault_level_;
    spdlog::log(level, "tunnel peer {} broke the protocol: {}", peer_, ended_);
    protocol::goaway farewell{protocol::goaway_reason::protocol, ended_, {}};
    if (error == errc::unsupported_version) {
        farewell.reason = protocol::goaway_reason::version;
        farewell.versions = {protocol::version};
    }
    input_is_ = input_state::discarded;
    finish(farewell);
    input_arrived_.notify();
}

// --- the life of the connection

io::awaitable<protocol::hello*> link::receive_hello(owner& events) {
    watch_socket();
    // A goaway may have been sent already: its deadline holds.
    if (!goodbye_.begun()) ending_.set(times_.hello);
    while (!closed_ && input_is_ == input_state::greeting && !decode_next()) co_await input_arrived_.wait();
    if (closed_ || input_is_ != input_state::greeting) co_return nullptr;
    input_.drop_decoded();
    if (!goodbye_.begun()) ending_.clear();
    std::error_code error;
    switch (handshake_.take(std::move(input_.message()), error)) {
        case handshake::result::greeted:
            input_is_ = input_state::frames;
            co_return &handshake_.theirs();
        case handshake::result::goaway:
            events.on_goaway(handshake_.farewell());
            close("goaway " + std::string(to_string(handshake_.farewell().reason)));
            break;
        case handshake::result::refused:
            protocol_error(error);
            break;
    }
    co_return nullptr;
}

io::awaitable<void> link::run(owner& events) {
    watch_socket();
    liveness_.received(now(), false);
    check_.set(check_every_);
    owner_ = &events;
    handle_frames();
    while (!closed_ && input_is_ == input_state::frames) co_await input_arrived_.wait();
    streams_->fail_all(stream_failure_);
    co_await drain();
    owner_ = nullptr;
}

io::awaitable<void> link::drain() {
    input_is_ = input_state::discarded;
    input_ = link_input();
    while (!closed_) co_await input_arrived_.wait();
}

void link::abandon(std::string why) {
    close(std::move(why));
    owner_ = nullptr;
    streams_->fail_all(stream_failure_);
}

void link::close(std::string why) {
    if (std::exchange(closed_, true)) return;
    if (ended_.empty()) ended_ = std::move(why);
    socket_.close();
    check_.stop();
    ending_.stop();
    retry_.stop();
    input_arrived_.notify();
}

void link::send(const protocol::hello& m) {
    append_frame(streams_->control(), m);
    watch_socket();
    schedule();
}

void link::send(const protocol::closed_connection& m) {
    if (closed_) return;
    append_frame(streams_->control(), m);
    schedule();
}

void link::start(const protocol::hello& ours, const protocol::hello& theirs) {
    streams_->start(ours, theirs);
    if (!ours.compress.empty() || !theirs.compress.empty()) {
        // Of what waits to be sent, only the server's own hello is not compressed.
        output_.compress_behind(streams_->control().size());
        input_.expect_compressed();
        schedule();
    }
    send_ping();  // on a link that carries nothing yet, the pong takes one round trip
}

void link::send_ping() {
    if (closed_) return;
    append_frame(streams_->control(), protocol::ping{liveness_.ping(now())});
    schedule();
}

void link::announce(const protocol::goaway& farewell) {
    if (closed_) return;
    goodbye_.announce();
    append_frame(streams_->control(), farewell);
    watch_socket();
    schedule();
}

void link::finish(const protocol::goaway& farewell) {
    if (closed_ || goodbye_.finishing()) return;
    ending_.set(times_.goaway);
    announce(farewell);
    goodbye_.finish();
}

void link::take(goodbye::step next) {
    switch (next) {
        case goodbye::step::nothing:
            return;
        case goodbye::step::shut_down_and_wait:
            socket_.shutdown_send();
            output_ = link_output();  // nothing follows: what it compresses with is large
            ending_.set(times_.goaway);
            return;
        case goodbye::step::set_timer:
            ending_.set(times_.goaway);
            return;
        case goodbye::step::close:
            return close("goaway was sent");
    }
}

void link::check_liveness() {
    if (closed_) return;
    switch (liveness_.check(now(), !input_.empty())) {
        case liveness::verdict::alive:
            break;
        case liveness::verdict::send_ping:
            send_ping();
            break;
        case liveness::verdict::peer_silent:
            return close("no sign of life from the peer");
        case liveness::verdict::peer_takes_nothing:
            return close("peer takes no data");
        case liveness::verdict::frame_too_slow:
            return protocol_error(errc::frame_too_slow);
        case liveness::verdict::suspended:
            return close("the program was suspended");
    }
    check_.set(check_every_);
}

// --- what leaves

void link::schedule() {
    if (closed_ || !watching_ || std::exchange(scheduled_, true)) return;
    poller_.defer(strand_, std::shared_ptr<io::deferred>(shared_from_this(), this));
}

void link::write() {
    if (closed_ || !watching_) return;
    io::error_code error;
    bool moved = false;
    const auto result = output_.write(socket_, *streams_, !goodbye_.finishing(), moved, error);
    if (moved) liveness_.unblocked();
    switch (result) {
        case link_output::result::drained:
            return take(goodbye_.written(streams_->size()));
        case link_output::result::more:
            return schedule();
        case link_output::result::blocked:
            liveness_.blocked(now());
            socket_.await_writable();
            if (socket_.holds_more_unsent()) retry_.set(limits::unsent_retry);
            return;
        case link_output::result::failed:
            return close(error.message());
    }
}

}  // namespace tunnel::mux
