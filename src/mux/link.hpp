#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "io/poller.hpp"
#include "io/tcp_stream.hpp"
#include "mux/stream_set.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

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

/// The tunnel connection: socket to frames and back. Frames are read when the socket has some; what is ready to be
/// written leaves at the end of a turn of the event loop, one piece a turn; a timer watches for silence. Belongs to one
/// strand; streams() does the thinking.
class tunnel_link : public std::enable_shared_from_this<tunnel_link>, private io::socket_watcher, private io::deferred {
 public:
    /// What the program behind the link does with frames that are not of an open stream. Outlives run().
    class owner {
     public:
        virtual ~owner() = default;
        /// Client: the exchange for a request that arrived, then the request itself.
        virtual std::shared_ptr<exchange> new_exchange(const protocol::request&) { return nullptr; }
        // Overrides keep both.
        // NOLINTNEXTLINE(performance-unnecessary-value-param)
        virtual void serve(std::shared_ptr<exchange>, protocol::request&&) {}
        virtual void on_goaway(const protocol::goaway& m) = 0;
    };

    tunnel_link(io::tcp::socket socket, role side, const link_times& times = {});
    tunnel_link(const tunnel_link&) = delete;
    tunnel_link& operator=(const tunnel_link&) = delete;
    ~tunnel_link() override = default;

    [[nodiscard]] const io::executor& strand() const noexcept { return strand_; }
    [[nodiscard]] stream_set& streams() noexcept { return streams_; }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

    /// The first message, which must be a hello (or a goaway, that ends it: see `ended`). False: the connection is
    /// closed, and `ended()` says why. Takes at most link_times::hello.
    [[nodiscard]] io::awaitable<bool> receive_hello(protocol::hello& theirs, owner& events);

    /// Frames from now on, until the connection ends; every stream still open fails as `set_stream_failure` says.
    [[nodiscard]] io::awaitable<void> run(owner& events);

    /// Drops what still arrives until the connection is closed: a goodbye may be on its way out.
    [[nodiscard]] io::awaitable<void> drain();

    void send(const protocol::hello& m);
    /// Both hellos were said: streams may open.
    void start(const protocol::hello& ours, const protocol::hello& theirs);
    /// Says goodbye: what is queued leaves, then the connection is closed, at the latest after link_times::goaway.
    void finish(protocol::goaway_reason reason, std::string detail);
    /// Says goodbye and stays for what is in flight. The server closes then, for only it knows its last request;
    /// if it does not, this side does after link_times::goaway.
    void announce(protocol::goaway_reason reason, std::string detail);

    /// The peer said goodbye: closes once no stream is open.
    void leave();
    [[nodiscard]] bool leaving() const noexcept { return leaving_; }

    void close(std::string why);
    /// When run() has ended, however it did: nothing is open any more.
    void abandon(std::string why);
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    /// A goodbye was said: no new streams.
    [[nodiscard]] bool finishing() const noexcept { return finishing_; }
    /// Why the connection ended, for the log.
    [[nodiscard]] const std::string& ended() const noexcept { return ended_; }
    /// What open exchanges are told when the connection ends.
    void set_stream_failure(failure why) noexcept { stream_failure_ = why; }

 private:
    void ready(io::socket_events events) override;
    void run_deferred() override;

    /// From now on, the link hears of its socket.
    void start();
    /// Takes in one piece of what the socket has: others are to have their turn in between.
    void read();
    void octets_arrived();
    /// Handles all frames that are whole.
    void handle_frames();
    void drop_handled() noexcept;
    /// Waits until a whole frame is buffered and decodes it. False: closed.
    [[nodiscard]] io::awaitable<bool> receive(protocol::message& m);
    [[nodiscard]] bool decode_next(protocol::message& m, bool& found);
    [[nodiscard]] std::error_code handle(protocol::message&& m, owner& events);
    void protocol_error(std::error_code error);

    /// Writes, and reads on, at the end of this turn.
    void put_off();
    void write();
    /// Writes again at the end of this turn what the socket did not take, before the poller says that it may.
    void try_again();
    /// Makes the next piece of output. False: there is nothing to write.
    [[nodiscard]] bool fill();
    void nothing_to_write();
    void end_goodbye();
    void send_ping();
    void check_liveness();

    io::executor strand_;
    io::tcp_stream stream_;
    io::poller& poller_;
    std::string peer_;
    link_times times_;

    byte_buffer input_;
    std::size_t first_ = 0;   // octets of input_ already decoded
    std::size_t needed_ = 0;  // size of the frame that has begun, where known
    protocol::message_decoder decoder_;
    protocol::message message_;  // what was decoded last
    bool greeted_ = false;
    bool started_ = false;
    bool dropping_ = false;    // what still arrives is of no interest
    owner* owner_ = nullptr;   // during run()
    io::event input_arrived_;  // for who waits for the hello, or for the end

    byte_buffer control_;      // frames that overtake bodies
    byte_buffer output_;       // frames on their way into the socket
    std::size_t written_ = 0;  // octets of output_ that the socket took
    bool blocked_ = false;     // it takes no more for now
    unsigned slow_for_ = 0;    // pieces of output
    bool try_again_ = false;   // but it may, before the poller says so
    bool put_off_ = false;
    stream_set streams_;

    io::clock::time_point last_received_;
    io::clock::time_point frame_begun_;
    io::clock::time_point write_begun_;
    io::clock::time_point pinged_;
    std::uint64_t ping_nonce_ = 0;
    bool pong_due_ = false;
    bool probed_ = false;  // a ping asked whether the silent peer is there
    io::deadline liveness_;
    std::chrono::milliseconds tick_;

    bool said_goodbye_ = false;
    bool finishing_ = false;  // closing: nothing but the goaway leaves
    bool leaving_ = false;    // the peer said goodbye: closing once no stream is open
    io::deadline goodbye_;
    io::deadline retry_;  // over a long path
    bool closed_ = false;
    std::string ended_;
    failure stream_failure_ = failure::tunnel_lost;
};

}  // namespace tunnel::mux
