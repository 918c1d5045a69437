#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/body_decoder.hpp"
#include "http/received.hpp"
#include "http/request_parser.hpp"
#include "io/asio.hpp"
#include "io/connection.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "mux/exchange.hpp"
#include "proxy/body_relay.hpp"
#include "server/client_slot.hpp"
#include "server/max_forwards.hpp"
#include "server/options.hpp"

namespace tunnel::server {

/// One public connection: reads requests, hands each to the active client, writes the answers in order. Belongs to
/// its connection's strand.
class public_session : public std::enable_shared_from_this<public_session> {
 public:
    public_session(io::tcp::socket socket, std::shared_ptr<client_slot> slot, const options& settings);

    [[nodiscard]] io::awaitable<void> run();
    /// Answers one request with 503 and closes: there are too many connections.
    [[nodiscard]] io::awaitable<void> turn_away();

    /// After either, however it ended: nothing that holds this session or its connection is left behind.
    void ended();

    [[nodiscard]] io::executor strand() const { return connection_->strand(); }
    /// (any strand) No request after the current one; `now`: an answer that has not begun is 503, one that has is cut
    /// short.
    void stop(bool now);
    /// (any strand) Ends without an answer.
    void cut_off();

 private:
    /// What the input deadline is for.
    enum class waiting_for : std::uint8_t { request, head, body, response };
    enum class head_state : std::uint8_t { awaited, begun, whole, refused, missing };

    void await_head();
    /// Whether what has arrived, or the time that has passed, decides what becomes of the head: see head_.
    [[nodiscard]] bool read_head();
    [[nodiscard]] io::awaitable<void> refuse_head();
    /// Hands the request that was read to the active client. False: it gets an answer of our own.
    [[nodiscard]] bool forward_request();
    [[nodiscard]] io::awaitable<void> give_own_answer();
    /// A response that is whole, where nothing else is under way. False: that, or writing it, is for `finish_exchange`.
    [[nodiscard]] bool respond_at_once();
    void last_part_over(io::error_code error);
    [[nodiscard]] io::awaitable<void> finish_exchange();
    void end_exchange();
    void start_upload();
    void upload_dropped(unsigned number);
    void upload_over();
    [[nodiscard]] io::awaitable<void> relay_request_body();
    [[nodiscard]] io::awaitable<void> relay_response();
    [[nodiscard]] io::awaitable<void> fail_response(mux::failure why);
    /// Decides how the response reaches the caller. False: as what it says it is, it cannot.
    [[nodiscard]] bool takes(protocol::response& response);
    [[nodiscard]] io::awaitable<void> write_interim(const http::response_head& head);
    /// Makes the head ready to be written. Gives the body that came with it.
    [[nodiscard]] protocol::data begin_response(protocol::response& response);
    [[nodiscard]] bool may_follow(const protocol::data& part);
    /// Whether more of the response is to come.
    [[nodiscard]] bool part_written(const protocol::data& part, io::error_code error);
    [[nodiscard]] io::awaitable<void> answer(mux::failure why);
    [[nodiscard]] io::awaitable<void> write_own(http::response_head head, std::string body);
    [[nodiscard]] io::awaitable<io::error_code> write_output(std::string_view body);
    [[nodiscard]] io::awaitable<void> linger();
    [[nodiscard]] bool awaits_first_request() const noexcept;
    void set_deadline(waiting_for what);
    void deadline_expired();
    void check_body_size(std::size_t more);
    void watch_caller();
    void input_changed();
    void caller_gone();
    void cut_short(std::string_view why);
    void log(std::string_view note = {}) const;

    std::shared_ptr<io::connection> connection_;
    std::shared_ptr<client_slot> slot_;
    const options& settings_;
    std::string caller_;
    http::request_parser parser_;
    io::deadline deadline_;
    head_state head_ = head_state::awaited;
    waiting_for waiting_for_ = waiting_for::request;
    bool timed_out_ = false;
    bool first_request_ = true;
    bool keep_open_ = true;
    bool stopping_ = false;
    bool unread_ = false;  // the caller may still be sending what nobody will read

    // The request being served.
    std::shared_ptr<mux::exchange> exchange_;
    std::optional<final_recipient_answer> final_recipient_;  // the app's place is taken here
    http::received_request request_;
    http::body_decoder decoder_;
    http::parse_error refusal_;  // why the caller's input is refused
    std::uint64_t request_octets_ = 0;
    std::uint64_t declared_octets_ = 0;
    unsigned uploads_ = 0;  // how many there were
    bool uploading_ = false;
    bool awaits_continue_ = false;  // the caller sends its body once it sees a 100 (RFC 9110 section 10.1.1)
    io::event upload_ended_;
    bool fin_sent_ = false;
    io::clock::time_point started_;
    std::string method_;
    std::string target_;
    std::string accept_;
    std::string request_upgrade_;

    // Its response.
    unsigned status_ = 0;
    unsigned interim_ = 0;
    bool head_written_ = false;
    bool upgraded_ = false;
    http::body_kind kind_ = http::body_kind::none;
    std::uint64_t body_octets_ = 0;
    proxy::body_writer writer_;
    protocol::data last_part_;   // of a response that came whole
    bool half_written_ = false;  // the socket did not take it at once
    byte_buffer output_;
};

}  // namespace tunnel::server
