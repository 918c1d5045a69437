#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "support/raw_peer.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::test {

/// Field lines as tests write them: names and values in order.
using lines = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] http::field_list fields_of(const lines& list);
[[nodiscard]] lines lines_of(const http::field_list& fields);

/// Type and members of a message in one line, for failure texts.
[[nodiscard]] std::string describe(const protocol::message& m);

/// One end of a tunnel connection as a test scripts it: sends and receives messages, or any bytes through `raw()`.
class frame_peer {
 public:
    /// What its hello gives each stream, unless told otherwise.
    static constexpr std::uint64_t default_window = 256 * 1024;

    explicit frame_peer(raw_peer connection) : connection_(std::move(connection)) {}
    /// Connects, sends its hello, and has received the server's: the active client.
    static frame_peer active_client(std::uint16_t port, bool takeover = true);

    [[nodiscard]] raw_peer& raw() noexcept { return connection_; }

    // --- what arrives

    /// The payload of the next frame, as it stands on the wire.
    [[nodiscard]] std::string receive_text();
    [[nodiscard]] protocol::message receive_any();
    /// The next message, which must be a Message; pings on the way are answered, and news that public connections have
    /// ended is skipped.
    template <class Message>
    [[nodiscard]] Message receive() {
        auto m = receive_but_ping();
        if constexpr (!std::is_same_v<Message, protocol::closed_connection>) {
            while (std::holds_alternative<protocol::closed_connection>(m)) m = receive_but_ping();
        }
        if (auto* expected = std::get_if<Message>(&m)) return std::move(*expected);
        throw peer_error("another message was expected than " + describe(m));
    }
    /// Body bytes of a stream, from data frames up to and with the one that ends it. `credit`: their credit is given
    /// back.
    [[nodiscard]] std::string receive_body(protocol::stream_id id, bool credit = true);
    /// Reads on to the end of the connection, whatever still comes.
    void expect_end() { (void)connection_.read_to_any_end(); }

    /// Pings that arrive from now on get no pong.
    void ignore_pings() noexcept { returns_pings_ = false; }

    /// Takes the ping that follows the hellos, and does not answer: the round trip stays unknown, credit as it is.
    void leave_first_ping();

    // --- what is sent

    /// Names the public connection of the requests that follow; 0: they name none.
    void on_connection(std::uint64_t number) { from_.connection = number; }

    void send_text(std::string_view payload);
    template <class Message>
    void send(const Message& m) {
        byte_buffer frame;
        protocol::append_frame(frame, m);
        connection_.send(frame.view());
    }
    void say_hello(bool takeover = true, std::uint64_t window = default_window, std::uint64_t max_streams = 1024);
    /// One that asks to take over, from a client of this name.
    void say_hello_as(std::string instance);
    void request(protocol::stream_id id, const http::request_head& head, std::string_view body = {}, bool end = true,
                 const lines& trailers = {});
    void respond(protocol::stream_id id, const http::response_head& head, std::string_view body = {}, bool end = true,
                 const lines& trailers = {});
    void data(protocol::stream_id id, std::string_view body, bool end = false, const lines& trailers = {});
    void window(protocol::stream_id id, std::uint64_t bytes) { send(protocol::window{id, bytes}); }
    void cancel(protocol::stream_id id, protocol::cancel_reason reason) { send(protocol::cancel{id, reason}); }

 private:
    [[nodiscard]] protocol::message receive_but_ping();

    raw_peer connection_;
    protocol::message_decoder decoder_;
    protocol::request_origin from_{1, {}};
    bool returns_pings_ = true;
};

/// Heads in one line.
[[nodiscard]] http::request_head request_head(std::string_view method, std::string_view target,
                                              const lines& fields = {{"Host", "a"}});
[[nodiscard]] http::response_head response_head(unsigned status, const lines& fields = {},
                                                std::string_view reason = {});

}  // namespace tunnel::test
