#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"
#include "mux/flow_window.hpp"
#include "mux/part_queue.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::mux {

enum class role : std::uint8_t { server, client };

class stream;

/// What a stream needs of the connection it is on. Belongs to the link's strand.
class stream_host {
 public:
    stream_host() = default;
    stream_host(const stream_host&) = delete;
    stream_host& operator=(const stream_host&) = delete;
    virtual ~stream_host() = default;

    [[nodiscard]] virtual const io::executor& strand() const noexcept = 0;
    [[nodiscard]] virtual role side() const noexcept = 0;
    [[nodiscard]] virtual protocol::body_form form() const noexcept = 0;
    /// Where frames go that overtake bodies. What is appended leaves after the next call of `wake`.
    [[nodiscard]] virtual byte_buffer& control() noexcept = 0;
    virtual void wake() = 0;
    /// The stream has something to write. `first`: it has written nothing yet.
    virtual void make_ready(std::shared_ptr<stream> s, bool first) = 0;
    /// Both sides have sent their last frame.
    virtual void closed(protocol::stream_id id) = 0;
    /// Up to `wanted` bytes of credit beyond the first window, where a stream of that window size drained it in
    /// `took`. 0: distance does not hold it up, or there is no more to give.
    [[nodiscard]] virtual std::uint64_t borrow_credit(std::uint64_t wanted, io::clock::duration took) noexcept = 0;
    /// The same, for a body that does not fit the first window.
    [[nodiscard]] virtual std::uint64_t lend_credit(std::uint64_t wanted) noexcept = 0;
    virtual void return_credit(std::uint64_t borrowed) noexcept = 0;
    /// Whether the peer is so far away that credit is better given early.
    [[nodiscard]] virtual bool far() const noexcept = 0;
    /// Of a far peer: the most credit that a stream is given for its declared length at once.
    [[nodiscard]] virtual std::uint64_t declared_window() const noexcept = 0;
};

/// One stream of the tunnel connection: what each frame that arrives means for the exchange at this end, and which
/// frame is written next (docs/protocol.md, "Streams"). Belongs to the link's strand; the functions of exchange_peer
/// may be called on any and queue their work there.
class stream final : public exchange_peer, public std::enable_shared_from_this<stream> {
 public:
    /// What the head of a request would send or receive is in the two windows.
    stream(std::shared_ptr<stream_host> host, protocol::stream_id id, std::uint64_t send_credit,
           std::uint64_t receive_window);

    /// The session's end, to which everything that arrives is delivered. Given once, before anything arrives.
    [[nodiscard]] std::shared_ptr<exchange> make_exchange(const io::executor& session);
    /// The same for an exchange that was made with this stream behind another peer.
    void attach(std::shared_ptr<exchange> session) noexcept { exchange_ = std::move(session); }

    [[nodiscard]] protocol::stream_id id() const noexcept { return id_; }
    /// Whether a frame of this stream has left.
    [[nodiscard]] bool begun() const noexcept { return sending_ != send_state::waiting; }
    [[nodiscard]] bool sent_all() const noexcept { return sending_ >= send_state::ended; }
    [[nodiscard]] bool received_all() const noexcept { return receiving_ == receive_state::ended; }
    [[nodiscard]] bool closed() const noexcept { return sent_all() && received_all(); }
    [[nodiscard]] bool cancelled() const noexcept { return sending_ == send_state::cancelled; }

    /// Whether the peer may still send so many body bytes.
    [[nodiscard]] bool has_credit_for(std::size_t bytes) const noexcept {
        return !received_all() && bytes <= window_.available();
    }

    // --- the session's strand: see exchange_peer

    void send(part<outgoing> sent) override;
    void send_fin() override;
    void consumed(std::size_t bytes) override;
    void cancel(protocol::cancel_reason reason) override;
    void cancel_after_sent(protocol::cancel_reason reason) override;
    void stop_peer() override;

    // --- what arrives

    /// Server: queues the request that opens the stream.
    void open(part<outgoing> request);
    /// Client: the request that opened the stream, its body so far within credit and declared length.
    void opened_by(const protocol::request& request);
    void take(protocol::response&& m);
    void take(protocol::data&& m);
    void take(const protocol::cancel& m);
    void take(const protocol::fin& m);
    /// False: the credit would pass its bound, which is an error of the connection.
    [[nodiscard]] bool take(const protocol::window& m);
    /// A frame of this stream breaks that rule: cancels the stream, and drops what still arrives.
    void take_unreadable(std::string_view rule);
    /// The connection has ended.
    void fail(failure why);
    /// This program is stopping.
    void notify_stopping();

    /// Discards what its session sent last and the peer gives no credit for, where the session has ended behind it.
    void cut_short();

    /// Appends the next frame with at most `slice` body bytes, if credit allows one.
    void write_next(byte_buffer& out, std::size_t slice);

 private:
    /// What this side has sent. `cancelled` may follow `ended`.
    enum class send_state : std::uint8_t { waiting, begun, ended, cancelled };
    /// What the peer has sent; for a client, which has the request already, `head` does not occur.
    enum class receive_state : std::uint8_t { head, body, ended };
    /// What is sent to the peer once this side's end was written.
    enum class after_end : std::uint8_t { nothing, fin, stop };

    template <class Function>
    void on_link(Function run);
    template <class Part>
    void take_part(Part&& m);
    void enqueue(part<outgoing> sent);
    void end_now(protocol::cancel_reason reason, std::string_view detail = {});
    void write_fin();
    void write_stop();
    void give_credit(std::size_t bytes);
    void grow_window(std::size_t bytes);
    /// Once it shows that more of a body is to come than the first window takes.
    void widen_window();
    void append_wider_window(byte_buffer& out, std::uint64_t wanted);

    /// Whether the session is to have it. If not, the stream was cancelled for it, or it means nothing.
    [[nodiscard]] bool accept(const protocol::response& m);
    [[nodiscard]] bool accept(const protocol::data& m);
    /// Counts body bytes against credit and declared length. False: the stream was cancelled for it.
    [[nodiscard]] bool accept_body(std::size_t bytes, bool end);
    /// Body bytes of a stream that was cancelled. False, as nobody is to have them.
    [[nodiscard]] bool drop(std::size_t bytes) noexcept;
    /// The peer broke that rule. False, so that it can be returned.
    bool refuse(std::string_view rule);

    void make_ready();
    void append(byte_buffer& out, const outgoing& sent, std::string_view body, bool end);
    void front_written();
    void finish_sending(send_state last);
    void finish_receiving();
    void close_if_done();

    std::shared_ptr<stream_host> host_;
    std::shared_ptr<exchange> exchange_;
    protocol::stream_id id_;
    send_state sending_ = send_state::waiting;
    receive_state receiving_;
    after_end after_end_ = after_end::nothing;
    bool in_ring_ = false;  // among the streams that have something to write

    send_window credit_;
    part_queue<outgoing> queue_;  // not yet wholly written
    std::size_t written_ = 0;     // body bytes of the front part that were written
    bool front_head_written_ = false;
    std::optional<protocol::cancel_reason> cancel_at_end_;  // once the queue is empty

    receive_window window_;
    std::uint64_t first_window_;
    std::uint64_t drained_ = 0;  // body bytes consumed since the size of the window was last judged
    io::clock::time_point draining_since_;
    std::optional<std::uint64_t> expected_;  // body bytes still to come, where the peer declared them
    unsigned interim_ = 0;                   // 1xx heads received
    bool fin_received_ = false;
};

}  // namespace tunnel::mux
