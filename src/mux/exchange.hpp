#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "io/asio.hpp"
#include "io/event.hpp"
#include "mux/failure.hpp"
#include "mux/flow_window.hpp"
#include "mux/part_queue.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

class tunnel_link;

/// The exchange ended early: no answer, or no more of it, will come.
struct failed {
    failure why = failure::tunnel_lost;
};

/// What the link hands to a session.
using incoming = std::variant<protocol::response, protocol::data, protocol::fin, failed>;
/// What a session hands to the link.
using outgoing = std::variant<protocol::request, protocol::response, protocol::data>;

/// Appends `more` to `last` where that costs no further buffer; trailers and end come along. False: it does not fit.
[[nodiscard]] bool merge(protocol::data& last, protocol::data& more);

/// One request and its response in flight: where a session (public_session, local_exchange) and the tunnel link
/// meet. The session's half belongs to the session's strand, `link_half` to the link's; values cross by post.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
    /// `link` is known from the start in the client, and told by `opened` in the server.
    explicit exchange(io::executor session, std::shared_ptr<tunnel_link> link = nullptr);

    // --- session's strand: what came from the peer

    [[nodiscard]] bool has_incoming() const noexcept { return !incoming_.empty(); }
    [[nodiscard]] incoming& front() const noexcept { return incoming_.front(); }
    [[nodiscard]] part<incoming> take() noexcept { return incoming_.pop(); }
    /// Until there may be something to take.
    [[nodiscard]] io::awaitable<void> wait_incoming() { return incoming_changed_.wait(); }
    /// Called, on the strand, at every arrival; for parts that matter while nobody waits.
    void on_incoming(std::function<void()> callback) { on_incoming_ = std::move(callback); }
    /// Body octets reached their destination socket: their credit goes back to the peer.
    void consumed(std::size_t octets);

    // --- session's strand: what goes to the peer

    /// Whether the link took enough of what was sent that more may be read from the source.
    [[nodiscard]] bool has_room() const noexcept;
    /// Until there is room, or the exchange is over.
    [[nodiscard]] io::awaitable<void> wait_room();
    /// Nothing that is sent now will arrive: cancelled by either side, or the link is gone.
    [[nodiscard]] bool over() const noexcept { return over_; }
    void send(part<outgoing> sent);
    void send_fin();
    /// Last word to the peer; what was sent and not yet written is dropped.
    void cancel(protocol::cancel_reason reason);
    /// All was sent, its end included, and still arrives; the rest of the peer's body is not wanted.
    void stop_peer();
    /// The session gives up for a reason of its own (deadline, caller gone): cancels, and puts the failure where
    /// the waiting coroutine finds it.
    void fail(failure why, protocol::cancel_reason reason);
    /// The same, but what was sent still arrives before the peer hears of it.
    void cut_short(failure why, protocol::cancel_reason reason);

    // --- any thread, called by link and slot

    void deliver(part<incoming> arrived);
    /// The same, but at once where link and session share their only thread: for who has nothing left to do.
    void hand_over(part<incoming> arrived);
    void opened(std::shared_ptr<tunnel_link> link);
    void accepted(std::size_t octets);

    /// State that belongs to the link's strand; only stream_set touches it.
    struct link_half {
        protocol::stream_id id = 0;
        mux::send_window credit{0};
        mux::receive_window window{0};
        std::uint64_t consumed = 0;                            // body octets since the window was last judged
        io::clock::time_point consuming_since;                 // when that was
        part_queue<outgoing> queue;                            // parts not yet wholly written
        std::size_t offset = 0;                                // body octets of the front part that were written
        bool begun = false;                                    // a frame of this stream was written
        bool head_written = false;                             // the front part's head was
        bool ready = false;                                    // stands in the ring of streams with something to write
        bool cancelled = false;                                // our last word was cancel
        bool told_of_failure = false;                          // by fail_all, which may have to be called again
        std::optional<protocol::cancel_reason> cancel_at_end;  // once the queue is empty
        bool stop_peer_at_end = false;          // once our `end` is out, the peer is told to send no more
        bool fin_at_end = false;                // once our `end` is out, the caller's half-close is told
        unsigned interim = 0;                   // 1xx heads received
        bool answered = false;                  // final response head received
        bool fin_received = false;              // the caller's half-close was told
        std::optional<std::uint64_t> expected;  // body octets still to come, where the peer declared them
    };
    link_half at_link;

 private:
    void push(part<incoming> arrived);
    void arrive(part<incoming> arrived);
    template <class Function>
    void to_session(Function run);
    template <class Function>
    void to_link(Function run);
    void to_link_send(part<outgoing> sent);

    io::executor session_;
    std::shared_ptr<tunnel_link> link_;
    part_queue<incoming> incoming_;
    io::event incoming_changed_;
    std::function<void()> on_incoming_;
    std::size_t outstanding_ = 0;  // octets sent that the link has not written yet
    io::event room_changed_;
    std::size_t uncredited_ = 0;  // octets consumed whose credit was not yet given back
    bool over_ = false;
    std::optional<protocol::cancel_reason> cancel_when_opened_;
    part_queue<outgoing> send_when_opened_;
    bool fin_when_opened_ = false;
};

}  // namespace tunnel::mux
