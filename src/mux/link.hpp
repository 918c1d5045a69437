#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "io/asio.hpp"
#include "io/connected_socket.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "io/poller.hpp"
#include "io/tcp_stream.hpp"
#include "mux/goodbye.hpp"
#include "mux/handshake.hpp"
#include "mux/link_input.hpp"
#include "mux/link_output.hpp"
#include "mux/liveness.hpp"
#include "mux/stream_set.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// Times of one link; tests shorten them.
struct link_times {
    std::chrono::milliseconds hello = limits::hello_time;
    std::chrono::milliseconds ping_after = limits::ping_after;
    std::chrono::milliseconds dead_after = limits::dead_after;
    std::chrono::milliseconds write = limits::link_write_time;
    std::chrono::milliseconds frame = limits::frame_time;
    std::chrono::milliseconds goaway = limits::goaway_time;
};

/// A tunnel connection: the thin shell of sockets and timers around handshake, stream_set, liveness and goodbye, which
/// decide. Frames are read when the socket has some; what is ready leaves at the end of an iteration of the event loop;
/// a timer watches for silence. Belongs to one strand. On a program with one thread, session code runs inside the
/// link's read: a response is written to the caller in the call stack that decoded it.
class link : public std::enable_shared_from_this<link>, private io::socket_watcher, private io::deferred {
 public:
    /// What the program behind the link does with frames that are not of an open stream. Outlives run().
    class owner {
     public:
        virtual ~owner() = default;
        /// Client: a request opened the stream. The owner attaches an exchange to it before it returns.
        virtual void on_request(const std::shared_ptr<stream>&, part<protocol::request>) {}
        /// Client: a public connection has ended.
        virtual void on_closed(const protocol::closed_connection&) {}
        /// All frames that had arrived were handled: what they asked for may begin.
        virtual void on_frames_handled() {}
        /// The peer is leaving. Behind `shutdown`, open streams go on, and the link closes once there are none; behind
        /// any other reason it closes at once.
        virtual void on_goaway(const protocol::goaway& m) = 0;
    };

    link(io::connected_socket socket, role side, const link_times& times = {});
    link(const link&) = delete;
    link& operator=(const link&) = delete;
    ~link() override;

    [[nodiscard]] const io::executor& strand() const noexcept { return strand_; }
    [[nodiscard]] stream_set& streams() noexcept { return *streams_; }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    /// Whether the peer has sent any byte.
    [[nodiscard]] bool received_anything() const noexcept { return received_anything_; }

    /// Waits for the first message, at most link_times::hello. Null: the connection is closing, and `ended()` says why;
    /// a goaway was given to `events`. The hello lives as long as the link.
    [[nodiscard]] io::awaitable<protocol::hello*> receive_hello(owner& events);

    /// Handles frames until the connection ends; every stream that is still open then fails as `set_stream_failure`
    /// says.
    [[nodiscard]] io::awaitable<void> run(owner& events);

    /// Discards what still arrives until the connection is closed: a goaway may be on its way out.
    [[nodiscard]] io::awaitable<void> drain();

    void send(const protocol::hello& m);
    void send(const protocol::closed_connection& m);
    /// Both hellos are known: streams may open, and what follows the hellos is compressed where they say so.
    void start(const protocol::hello& ours, const protocol::hello& theirs);
    /// The peer broke a rule that only the program behind the link knows.
    void refuse(std::error_code error, std::string rule) { protocol_error(error, std::move(rule)); }
    /// Sends goaway: what is queued leaves, then the connection is closed, at the latest after link_times::goaway.
    void finish(const protocol::goaway& farewell);
    /// Sends goaway and stays for what is in flight. The server closes then, because only it knows its last request;
    /// if it does not, this side does after link_times::goaway.
    void announce(const protocol::goaway& farewell);
    /// Whether goaway was sent or received, or the connection is closed: no new streams.
    [[nodiscard]] bool ending() const noexcept { return closed_ || goodbye_.finishing() || goodbye_.leaving(); }

    void close(std::string why);
    /// When run() has ended, however it did: nothing is open any more.
    void abandon(std::string why);
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    /// Whether the peer speaks another version of the protocol.
    [[nodiscard]] bool other_version() const noexcept { return handshake_.other_version(); }
    /// Why the connection ended, for the log.
    [[nodiscard]] const std::string& ended() const noexcept { return ended_; }
    /// The failure that open exchanges receive when the connection ends.
    void set_stream_failure(failure why) noexcept { stream_failure_ = why; }
    /// The level of the line that says which rule the peer broke behind its hello.
    void set_fault_level(spdlog::level::level_enum level) noexcept { fault_level_ = level; }

 private:
    /// What becomes of the bytes that arrive.
    enum class input_state : std::uint8_t { greeting, frames, discarded };

    void ready(io::socket_events events) override;
    void run_deferred() override;
    void watch_socket();

    void read();
    /// Hands on what was received compressed, a piece in each event-loop iteration.
    void expand();
    void bytes_arrived();
    /// Handles all frames that are whole.
    void handle_frames();
    /// Decodes the next frame. False: none is whole, or the connection is closing.
    [[nodiscard]] bool decode_next();
    [[nodiscard]] std::error_code unreadable_message(std::error_code error);
    /// Whether the server has said that no request follows.
    [[nodiscard]] bool refuses_requests() const noexcept {
        return streams_->side() == role::client && goodbye_.leaving();
    }
    template <class Message>
    [[nodiscard]] std::error_code handle(Message&& m);
    /// `fault`: the error in more words, if there are any.
    void protocol_error(std::error_code error, std::string fault = {});

    /// Writes, and reads on, at the end of this event-loop iteration.
    void schedule();
    void write();
    void take(goodbye::step next);
    void send_ping();
    void check_liveness();

    io::executor strand_;
    io::tcp_stream socket_;
    io::poller& poller_;
    std::string peer_;
    link_times times_;

    input_state input_is_ = input_state::greeting;
    link_input input_;
    handshake handshake_;
    owner* owner_ = nullptr;   // during run()
    io::event input_arrived_;  // for the coroutine that waits for the hello, or for the end

    std::shared_ptr<stream_set> streams_;
    link_output output_;
    liveness liveness_;
    io::deadline check_;
    std::chrono::milliseconds check_every_;
    goodbye goodbye_;
    io::deadline ending_;  // until the hello, or the end of the goodbye
    io::deadline retry_;   // of a write over a long path

    bool watching_ = false;   // registered with the poller
    bool scheduled_ = false;  // run_deferred() will be called
    bool received_anything_ = false;
    bool closed_ = false;
    bool traced_;  // each frame that arrives is logged
    std::string ended_;
    failure stream_failure_ = failure::tunnel_lost;
    spdlog::level::level_enum fault_level_ = spdlog::level::warn;
};

}  // namespace tunnel::mux
