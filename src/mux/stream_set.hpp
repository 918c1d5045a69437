#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>

#include "mux/failure.hpp"
#include "mux/stream.hpp"
#include "mux/stream_table.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::mux {

/// The streams of one tunnel connection: which stream a frame is for, and which stream writes next. Belongs to the
/// link's strand; does no I/O. Lives as long as its streams, which may be longer than the link.
class stream_set final : public stream_host, public std::enable_shared_from_this<stream_set> {
 public:
    /// `wake` is called when there is something to write, until `fail_all`.
    stream_set(role side, io::executor strand, std::function<void()> wake);

    /// Both hellos are known: streams may open.
    void start(const protocol::hello& ours, const protocol::hello& theirs);
    /// Measured on the link; the shortest one is what it takes without queues. Streams that drain as fast as their
    /// credit comes back get more of it.
    void note_round_trip(io::clock::duration took) noexcept { round_trip_ = std::min(round_trip_, took); }

    /// The peer is on another machine: on this one, a long round trip shows only that the machine is busy.
    void set_off_machine() noexcept { off_machine_ = true; }

    /// Server: opens the stream `id`, above all earlier ones, for a request whose response goes to a session on
    /// `session`. Null: the peer takes no more open streams, or the id is not one that may be opened.
    [[nodiscard]] std::shared_ptr<exchange> open(const io::executor& session, part<outgoing> request,
                                                 protocol::stream_id id);

    /// Client: registers the stream that a request opened. Null: `error` is the connection's, or the stream was refused
    /// because its body so far does not fit its head.
    [[nodiscard]] std::shared_ptr<stream> accept(const protocol::request& request, std::error_code& error);
    /// Client: refuses the stream that a request opened which breaks that rule.
    [[nodiscard]] std::error_code reject(protocol::stream_id id, std::string_view rule);

    /// Frames for open streams. An error is the connection's: goaway and close.
    template <class Message>
    [[nodiscard]] std::error_code handle(Message&& m) {
        std::error_code error;
        if (auto s = find(m.id, error)) take(*s, std::forward<Message>(m), error);
        return error;
    }
    /// A frame of that stream whose members, other than its id, break that rule.
    [[nodiscard]] std::error_code handle_unreadable(protocol::stream_id id, std::string_view rule);

    /// Bytes that the body of the message, which was just decoded and came in this form, had on the wire, if it is
    /// within the credit that was given; else 0.
    [[nodiscard]] std::size_t body_on_wire(const protocol::message& m, protocol::body_form form) const noexcept;

    [[nodiscard]] bool has_output() const noexcept { return !beginning_.empty() || !ready_.empty(); }
    /// Encodes frames, one per ready stream in turn, until `out` holds `limit` bytes or nothing is ready. Every second
    /// frame is the first one of a stream: a small message does not wait for a frame of each large body. While others
    /// are ready, a frame has `shared_slice` bytes of body at most.
    void fill(byte_buffer& out, std::size_t limit, std::size_t shared_slice);

    /// Every open exchange fails.
    void fail_all(failure why);
    /// Notifies every session with an open exchange that the program is stopping.
    void notify_stopping();
    /// Ends the streams that only wait for a peer that does not read, their sessions having cancelled.
    void cut_short();
    /// The link has ended: nothing is written any more.
    void detach() noexcept { wake_ = nullptr; }

    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
    [[nodiscard]] bool empty() const noexcept { return table_.empty(); }

    // --- stream_host

    [[nodiscard]] const io::executor& strand() const noexcept override { return strand_; }
    [[nodiscard]] role side() const noexcept override { return side_; }
    [[nodiscard]] protocol::body_form form() const noexcept override { return form_; }
    [[nodiscard]] byte_buffer& control() noexcept override { return control_; }
    void wake() override {
        if (wake_) wake_();
    }
    void make_ready(std::shared_ptr<stream> s, bool first) override;
    void closed(protocol::stream_id id) override;
    [[nodiscard]] std::uint64_t borrow_credit(std::uint64_t wanted, io::clock::duration took) noexcept override;
    [[nodiscard]] std::uint64_t lend_credit(std::uint64_t wanted) noexcept override;
    void return_credit(std::uint64_t borrowed) noexcept override { borrowed_ -= borrowed; }
    [[nodiscard]] bool far() const noexcept override {
        return off_machine_ && round_trip_ >= limits::long_round_trip && round_trip_ != io::clock::duration::max();
    }
    [[nodiscard]] std::uint64_t declared_window() const noexcept override;

 private:
    [[nodiscard]] std::shared_ptr<stream> find(protocol::stream_id id, std::error_code& error) const;
    [[nodiscard]] std::error_code check_new(protocol::stream_id id) const;
    /// The rule that the body of the request breaks; empty: none.
    [[nodiscard]] std::string_view fault_of_body(const protocol::request& request) const noexcept;
    void write_from(std::deque<std::shared_ptr<stream>>& ring, byte_buffer& out, std::size_t shared_slice);

    static void take(stream& s, protocol::response&& m, std::error_code&) { s.take(std::move(m)); }
    static void take(stream& s, protocol::data&& m, std::error_code&) { s.take(std::move(m)); }
    static void take(stream& s, const protocol::cancel& m, std::error_code&) { s.take(m); }
    static void take(stream& s, const protocol::fin& m, std::error_code&) { s.take(m); }
    static void take(stream& s, const protocol::window& m, std::error_code& error);

    role side_;
    io::executor strand_;
    std::function<void()> wake_;
    byte_buffer control_;
    stream_table<stream> table_;
    std::deque<std::shared_ptr<stream>> beginning_;  // have something to write, for the first time
    std::deque<std::shared_ptr<stream>> ready_;      // and again
    std::uint64_t their_window_ = 0;
    std::uint64_t our_window_ = 0;
    std::uint64_t max_streams_ = 0;
    protocol::body_form form_ = protocol::body_form::base64;
    std::uint64_t borrowed_ = 0;  // credit beyond the first windows, over all streams
    io::clock::duration round_trip_ = io::clock::duration::max();
    bool off_machine_ = false;
};

}  // namespace tunnel::mux
