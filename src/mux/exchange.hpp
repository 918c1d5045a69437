#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <variant>

#include "io/asio.hpp"
#include "io/event.hpp"
#include "mux/exchange_peer.hpp"
#include "mux/failure.hpp"
#include "mux/part_queue.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// The exchange ended early: no response, or no more of it, will come. `failure::none`: this session ended it.
struct failed {
    failure why = failure::tunnel_lost;
};

/// This program is stopping: an exchange that would not end by itself is to be ended.
struct stopping {};

/// What arrives at a session.
using incoming = std::variant<protocol::response, protocol::data, protocol::fin, failed, stopping>;

/// Appends `more` to `last` where both fit one buffer; trailers and end come along. False: they do not fit.
[[nodiscard]] bool merge(protocol::data& last, protocol::data& more);

/// A session's end of one request and its response. What the session sends goes to the peer, and what the peer
/// delivers waits here until the session takes it. Belongs to the session's strand, except for the functions of the
/// last group, which the peer calls from any thread.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
    /// `id`: of the stream, for the log; 0 where there is none.
    exchange(io::executor session, std::shared_ptr<exchange_peer> peer, protocol::stream_id id = 0);
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;
    ~exchange();

    [[nodiscard]] protocol::stream_id id() const noexcept { return id_; }

    // --- what arrives

    [[nodiscard]] bool has_incoming() const noexcept { return !incoming_.empty(); }
    [[nodiscard]] incoming& front() const noexcept { return incoming_.front(); }
    [[nodiscard]] part<incoming> take() noexcept { return incoming_.pop(); }
    /// Completes when there may be something to take. One waiter.
    [[nodiscard]] io::awaitable<void> wait_incoming() { return incoming_changed_.wait(); }
    /// Called at every arrival, for parts that matter while nothing waits for them.
    void on_incoming(std::function<void()> callback) { on_incoming_ = std::move(callback); }
    /// Whether `stopping` has arrived, taken or not.
    [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_; }
    /// Body bytes have left for their destination; credit for them goes back to the peer.
    void consumed(std::size_t bytes);

    // --- what is sent

    /// Whether the peer has taken enough of what was sent that more may be read from the source.
    [[nodiscard]] bool has_room() const noexcept;
    /// Bytes that may be read from the source at a time.
    [[nodiscard]] std::size_t room() const noexcept;
    /// Completes when there is room, or the exchange is over.
    [[nodiscard]] io::awaitable<void> wait_room();
    /// Whether the exchange has ended early: nothing that is sent now arrives.
    [[nodiscard]] bool over() const noexcept { return over_; }
    void send(part<outgoing> sent);
    void send_fin();
    /// Ends the exchange. What was sent and not yet written is discarded.
    void cancel(protocol::cancel_reason reason);
    /// All was sent, its end included, and still arrives; the rest of the peer's body is not wanted.
    void stop_peer();
    /// Cancels, and delivers the failure to whichever coroutine of the session waits.
    void fail(failure why, protocol::cancel_reason reason);
    /// The same, but what was sent still arrives first.
    void fail_after_sent(failure why, protocol::cancel_reason reason);

    // --- any thread: for the peer

    /// Queues what arrived on the session's strand; never runs session code inside this call.
    void deliver(part<incoming> arrived);
    /// Delivers inline if the session runs on this thread. The session may call back into the peer: call it last.
    void deliver_now(part<incoming> arrived);
    /// The peer has taken so many body bytes of what was sent.
    void accepted(std::size_t bytes);

 private:
    template <class Function>
    void post_to_session(Function run);
    void push(part<incoming> arrived);
    void arrive(part<incoming> arrived);

    io::executor session_;
    std::shared_ptr<exchange_peer> peer_;
    protocol::stream_id id_;
    part_queue<incoming> incoming_;
    io::event incoming_changed_;
    std::function<void()> on_incoming_;
    std::size_t outstanding_ = 0;  // body bytes sent that the peer has not taken yet
    io::event room_changed_;
    std::size_t uncredited_ = 0;  // body bytes consumed whose credit was not yet given back
    bool over_ = false;
    bool stop_requested_ = false;
};

}  // namespace tunnel::mux
