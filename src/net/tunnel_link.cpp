#include "net/tunnel_link.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "net/log.hpp"
#include "net/platform.hpp"
#include "net/spawn.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::net {

using protocol::errc;

namespace {

// Octets asked of the socket at a time: one body slice as a frame, and some small frames beside it.
constexpr std::size_t read_size = 128 * limits::kib;

}  // namespace

tunnel_link::tunnel_link(tcp::socket socket, role side, const link_times& times)
    : strand_(socket.get_executor()),
      socket_(std::move(socket)),
      peer_(remote_name(socket_)),
      times_(times),
      streams_(side, control_, [this] { something_to_write_.notify(); }),
      last_received_(clock::now()),
      liveness_(strand_, [this] { check_liveness(); }),
      tick_(std::max<std::chrono::milliseconds>(times.ping_after / 10, std::chrono::milliseconds(1))),
      goodbye_(strand_, [this] { end_goodbye(); }) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    limit_unsent(socket_, limits::unsent);  // what waits here lets small frames overtake, what waits there does not
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
    if (error == errc::bad_base64) {
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

awaitable<bool> tunnel_link::receive(protocol::message& m) {
    while (!closed_) {
        bool found = false;
        if (!decode_next(m, found)) co_return false;
        if (found) co_return true;

        input_.consume(first_);
        first_ = 0;
        const auto missing = needed_ > input_.size() ? needed_ - input_.size() : 0;
        if (input_.empty() && input_.capacity() > 2 * read_size) input_.reset();
        const auto room = std::max(missing, input_.spare() >= read_size / 2 ? input_.spare() : read_size);
        if (input_.empty()) frame_begun_ = clock::time_point::max();
        auto* into = input_.prepare(room);
        auto [error, n] = co_await socket_.async_read_some(asio::buffer(into, room), no_throw);
        if (error) {
            close(error == asio::error::eof ? std::string("closed by peer") : error.message());
            co_return false;
        }
        input_.commit(n);
        last_received_ = clock::now();
        if (frame_begun_ == clock::time_point::max()) frame_begun_ = last_received_;
        probed_ = false;
    }
    co_return false;
}

void tunnel_link::protocol_error(std::error_code error) {
    spdlog::warn("tunnel peer {} broke the protocol: {}", peer_, error.message());
    const auto reason = error == errc::unsupported_version ? protocol::goaway_reason::version  //
                                                           : protocol::goaway_reason::protocol;
    ended_ = error.message();
    finish(reason, error.message());
}

awaitable<bool> tunnel_link::receive_hello(protocol::hello& theirs, owner& events) {
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

awaitable<void> tunnel_link::run(owner& events) {
    start_writing();
    last_received_ = clock::now();
    liveness_.set(tick_);
    try {
        protocol::message m;
        for (;;) {
            const auto received = co_await receive(m);
            if (!received) break;
            if (const auto error = handle(std::move(m), events)) {
                protocol_error(error);
                break;
            }
        }
    } catch (...) {
        close("internal error");
        streams_.fail_all(stream_failure_);
        throw;
    }
    streams_.fail_all(stream_failure_);
    co_await drain();
}

awaitable<void> tunnel_link::drain() {
    while (!closed_) {
        input_.clear();
        auto* into = input_.prepare(read_size);
        auto [error, n] = co_await socket_.async_read_some(asio::buffer(into, read_size), no_throw);
        if (error) close(error.message());
    }
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
        if (!stream_set::has_declared_body(*p)) return streams_.handle_bad_body(p->id, true);
        auto s = events.new_exchange(*p);
        streams_.adopt(s, *p);
        events.serve(std::move(s), std::move(*p));
        return {};
    }
    if (const auto* p = std::get_if<ping>(&m)) {
        append_frame(control_, pong{p->nonce});
        something_to_write_.notify();
        // Only a peer that floods and does not read what it asked for gets here.
        if (control_.size() > limits::control_queue) close("peer floods and does not read");
        return {};
    }
    if (const auto* p = std::get_if<pong>(&m)) {
        if (p->nonce == ping_nonce_ && std::exchange(pong_due_, false))
            streams_.note_round_trip(clock::now() - pinged_);
        return {};
    }
    if (std::holds_alternative<hello>(m)) return errc::unexpected_message;
    if (const auto* p = std::get_if<goaway>(&m)) events.on_goaway(*p);
    return {};
}

void tunnel_link::send(const protocol::hello& m) {
    append_frame(control_, m);
    start_writing();
    something_to_write_.notify();
}

void tunnel_link::start(const protocol::hello& ours, const protocol::hello& theirs) {
    streams_.start(ours, theirs);
    send_ping();  // on a link that carries nothing yet, its answer takes one round trip
}

void tunnel_link::send_ping() {
    if (closed_) return;
    pong_due_ = true;
    pinged_ = clock::now();
    ++ping_nonce_;
    append_frame(control_, protocol::ping{ping_nonce_});
    something_to_write_.notify();
}

void tunnel_link::announce(protocol::goaway_reason reason, std::string detail) {
    if (closed_) return;
    said_goodbye_ = true;
    append_frame(control_, protocol::goaway{reason, std::move(detail)});
    start_writing();
    something_to_write_.notify();
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
    something_to_write_.notify();
}

void tunnel_link::finish(protocol::goaway_reason reason, std::string detail) {
    if (closed_ || finishing_) return;
    finishing_ = true;
    announce(reason, std::move(detail));
    goodbye_.set(times_.goaway);
}

void tunnel_link::close(std::string why) {
    if (closed_) return;
    closed_ = true;
    if (ended_.empty()) ended_ = std::move(why);
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    liveness_.stop();
    goodbye_.stop();
    something_to_write_.notify();
}

void tunnel_link::start_writing() {
    if (std::exchange(writing_, true)) return;
    auto write = [self = shared_from_this()]() -> awaitable<void> {
        try {
            co_await self->write_frames();
        } catch (...) {
            self->close("internal error");
            throw;
        }
    };
    spawn(strand_, "tunnel writer", std::move(write));
}

awaitable<void> tunnel_link::write_frames() {
    while (!closed_) {
        if (control_.empty() && !streams_.has_output()) {
            if (finishing_ || (leaving_ && streams_.size() == 0)) {
                // FIN behind the last frame; the peer closes, or goodbye_ does.
                error_code ignored;
                socket_.shutdown(tcp::socket::shutdown_send, ignored);
                goodbye_.set(times_.goaway);
            } else if (said_goodbye_ && streams_.size() == 0) {
                goodbye_.set(times_.goaway);  // the server closes, once it knows that nothing more is on its way
            }
            co_await something_to_write_.wait();
            continue;
        }
        output_.append(control_.view());
        control_.clear();
        if (!finishing_) streams_.fill(output_, limits::link_queue);
        co_await write_all(output_);
        output_.clear();
        // One large burst must not make an idle link large for good.
        if (output_.capacity() > 2 * limits::link_queue) output_.reset();
    }
}

awaitable<void> tunnel_link::write_all(protocol::byte_buffer& bytes) {
    auto left = bytes.view();
    write_begun_ = clock::now();
    in_write_ = true;
    while (!left.empty() && !closed_) {
        error_code error;
        auto n = socket_.write_some(asio::buffer(left.data(), left.size()), error);
        if (error == asio::error::would_block) {
            auto [failed, written] =
                co_await socket_.async_write_some(asio::buffer(left.data(), left.size()), no_throw);
            error = failed;
            n = written;
        }
        if (error) {
            close(error.message());
            break;
        }
        left.remove_prefix(n);
        write_begun_ = clock::now();
    }
    in_write_ = false;
}

void tunnel_link::check_liveness() {
    if (closed_) return;
    const auto now = clock::now();
    const auto silent = now - last_received_;
    if (silent >= times_.dead_after) return close("no sign of life from the peer");
    if (in_write_ && now - write_begun_ >= times_.write) return close("peer takes no data");
    if (!input_.empty() && now - frame_begun_ >= times_.frame) return close("a frame took too long");
    if (silent >= times_.ping_after && !std::exchange(probed_, true)) send_ping();
    liveness_.set(tick_);
}

}  // namespace tunnel::net
