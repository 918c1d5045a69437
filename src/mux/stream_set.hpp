#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <system_error>

#include "mux/exchange.hpp"
#include "mux/stream_table.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::mux {

enum class role { server, client };

/// The streams of one tunnel connection: what each frame that arrives means for its exchange, and which frame is
/// written next. Belongs to the link's strand; does no I/O.
class stream_set {
 public:
    using stream = std::shared_ptr<exchange>;

    /// `wake`: there is something to write. `control`: where frames go that overtake bodies.
    stream_set(role side, byte_buffer& control, std::function<void()> wake);

    /// Both hellos are known: streams may open.
    void start(const protocol::hello& ours, const protocol::hello& theirs);
    /// How frames carry their bodies, which both hellos decide.
    [[nodiscard]] protocol::body_form form() const noexcept { return form_; }
    /// Measured on the link; the shortest one is what it takes without queues. Streams that drain as fast as their
    /// credit comes back get more of it.
    void note_round_trip(io::clock::duration took) { round_trip_ = std::min(round_trip_, took); }

    /// Opens a stream for a request. False: the peer takes no more at a time, or ids are used up.
    [[nodiscard]] bool open(const stream& s, part<outgoing> request);
    /// Registers a stream that the peer opened with `request`; `s` takes what follows.
    void adopt(const stream& s, const protocol::request& request);
    /// Whether a request of the peer may open a stream.
    [[nodiscard]] std::error_code check_new(const protocol::request& request) const;
    /// Whether the body so far has credit, and is no longer, and at its end no shorter, than the head declares. If not,
    /// that is the stream's error.
    [[nodiscard]] bool takes_body_of(const protocol::request& request) const;

    /// Frames for open streams. An error is the connection's: goaway and close.
    [[nodiscard]] std::error_code handle(protocol::response&& m);
    [[nodiscard]] std::error_code handle(protocol::data&& m);
    [[nodiscard]] std::error_code handle(const protocol::window& m);
    [[nodiscard]] std::error_code handle(const protocol::cancel& m);
    [[nodiscard]] std::error_code handle(const protocol::fin& m);
    /// A frame whose body was no base64: its stream is cancelled. `opens`: it was a request.
    [[nodiscard]] std::error_code handle_bad_body(protocol::stream_id id, bool opens);

    void send(const stream& s, part<outgoing> sent);
    void send_fin(const stream& s);
    void consumed(const stream& s, std::size_t octets);
    void cancel(const stream& s, protocol::cancel_reason reason);
    /// Cancels once what was sent so far is written.
    void cut_short(const stream& s, protocol::cancel_reason reason);

    /// Our body is complete or will be, and the rest of the peer's is not wanted.
    void stop_peer(const stream& s);

    [[nodiscard]] bool has_output() const noexcept { return !beginning_.empty() || !ready_.empty(); }
    /// Encodes frames, one per ready stream in turn, until `out` holds `limit` octets or nothing is ready. Every second
    /// frame is the first one of a stream: a small message does not wait for a frame of each large body. While others
    /// are ready a frame has `shared_slice` octets of body at most.
    void fill(byte_buffer& out, std::size_t limit, std::size_t shared_slice);

    /// The connection is gone: every open exchange fails.
    void fail_all(failure why);

    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }

 private:
    [[nodiscard]] stream* find_open(protocol::stream_id id, std::error_code& error);
    [[nodiscard]] bool is_open(const stream& s) const noexcept { return s->at_link.id != 0; }
    /// Counts body octets against credit and declared length. False: the stream was cancelled for it.
    [[nodiscard]] bool take_body(const stream& s, std::size_t octets, bool end);
    /// Whether the session is to have it. If not, the stream was cancelled for it, or it means nothing.
    [[nodiscard]] bool takes(const stream& s, const protocol::response& m);
    [[nodiscard]] bool takes(const stream& s, const protocol::data& m);
    template <class Part>
    [[nodiscard]] std::error_code handle_part(Part&& m);
    void refuse(const stream& s);
    void make_ready(const stream& s);
    void write_from(std::deque<stream>& queue, byte_buffer& out, std::size_t shared_slice);
    void write_next(const stream& s, byte_buffer& out, std::size_t slice);
    void grow_window(const stream& s, std::size_t octets);
    void give_back_window(const stream& s);
    void finish_local(const stream& s);
    void finish_remote(const stream& s);
    void closed();

    role side_;
    byte_buffer& control_;
    std::function<void()> wake_;
    mux::stream_table<stream> table_;
    std::deque<stream> beginning_;  // have something to write, for the first time
    std::deque<stream> ready_;      // and again
    std::uint64_t their_window_ = 0;
    std::uint64_t our_window_ = 0;
    std::uint64_t max_streams_ = 0;
    protocol::body_form form_ = protocol::body_form::base64;
    std::uint64_t extra_credit_ = 0;  // what windows have grown by, over all streams
    io::clock::duration round_trip_ = io::clock::duration::max();
};

}  // namespace tunnel::mux
