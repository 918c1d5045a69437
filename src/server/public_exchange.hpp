#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/statistics.hpp"
#include "http/body_decoder.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"
#include "http/websocket_passage.hpp"
#include "io/asio.hpp"
#include "io/event.hpp"
#include "mux/exchange.hpp"
#include "proxy/body_relay.hpp"
#include "server/caller_connection.hpp"
#include "server/client_slot.hpp"
#include "server/max_forwards.hpp"
#include "server/options.hpp"

namespace tunnel::server {

/// One request of a public connection and its response: hands the request to the active client, relays both bodies, and
/// writes the response, or one of our own. Belongs to the connection's strand.
class public_exchange : public pending_request, public std::enable_shared_from_this<public_exchange> {
 public:
    public_exchange(std::shared_ptr<caller_connection> on, std::shared_ptr<client_slot> slot, const options& settings,
                    http::received_request& request);

    /// Until the response was written, and the body of the request was read or is not wanted.
    [[nodiscard]] io::awaitable<void> run();
    /// Responds without the client, to a request or, where `refusal` says why, to what is not one.
    [[nodiscard]] io::awaitable<void> respond(mux::failure why, const http::parse_error& refusal = {});

    /// The time that was set for the body or the response is up.
    void deadline_expired();
    /// The server is stopping. `now`: a response that has not begun is 503, one that has is cut short; otherwise
    /// what would not end by itself is ended soon.
    void stop(bool now);
    /// run() has ended, or was dropped.
    void abandon();

    /// The tunnel session that the request was sent to, if any.
    [[nodiscard]] const std::weak_ptr<tunnel_session>& sent_to() const noexcept { return sent_to_; }

    // --- pending_request

    [[nodiscard]] const io::executor& strand() const noexcept override { return on_->socket->strand(); }
    void opened(std::shared_ptr<mux::exchange> exchange, std::weak_ptr<tunnel_session> by) override;
    void refused(mux::failure why) override;

 private:
    /// What the deadline is for.
    enum class waiting_for : std::uint8_t { response, body };
    enum class opening : std::uint8_t { pending, opened, refused };
    /// The body of the request, or what follows a switch of protocols. `awaits_continue`: the caller sends it once it
    /// sees a 100 (RFC 9110 section 10.1.1).
    enum class upload : std::uint8_t { none, awaits_continue, running };
    enum class progress : std::uint8_t { awaited, head_written, switched };
    /// To the caller. `waits`: a write waits for room. `cut_off`: it was not waited for.
    enum class output : std::uint8_t { ready, waits, cut_off };
    /// Behind something that arrived and is not a body part.
    enum class after : std::uint8_t { wait, interim, end };

    [[nodiscard]] bool may_forward(protocol::request& message);
    void forward(protocol::request&& message);
    void begin_upload();
    [[nodiscard]] io::awaitable<void> relay_request_body();
    void relay_ended(proxy::relay_result result);
    void upload_over(bool by_exception);
    void check_body_size(std::size_t more);
    void end_request();
    [[nodiscard]] io::awaitable<void> finish_upload();

    /// What to do with what arrived: a body part to write, its head being ready in the output; null: see `next`.
    [[nodiscard]] protocol::data* accept(mux::incoming& arrived, protocol::data& first, after& next);
    [[nodiscard]] io::awaitable<void> write_interim(const protocol::response& response);
    /// Decides how the response reaches the caller. False: as what it says it is, it cannot.
    [[nodiscard]] bool frame(protocol::response& response);
    void begin_response(protocol::response& response);
    void switch_protocols(std::string_view to);
    [[nodiscard]] bool may_write(const protocol::data& part) const;
    /// Whether more of the response is to come.
    [[nodiscard]] bool part_written(const protocol::data& part, io::error_code error);
    void fail_response(mux::failure why);
    void end_short(std::string_view why);
    [[nodiscard]] io::awaitable<void> write_own(http::response_head head, std::string body);
    [[nodiscard]] bool ends_by_itself() const noexcept;
    /// Whether the deadline is the one of `end_endless`, which no other may replace.
    [[nodiscard]] bool ends_by_drain() const noexcept;
    void end_endless();
    void close_websocket();

    void watch_caller();
    void input_changed();
    void caller_gone();
    void set_deadline(waiting_for what);
    void log(std::string_view note = {}) const;

    std::shared_ptr<caller_connection> on_;
    std::shared_ptr<client_slot> slot_;
    const options& settings_;
    waiting_for waiting_for_ = waiting_for::response;

    http::received_request& request_;  // of the session; its head moves to the message
    std::string method_;
    std::string target_;
    bool accepts_html_;
    std::string upgrade_;       // protocol that the request asks for
    std::string id_;            // the caller's name for the request, for the log
    std::uint64_t stream_ = 0;  // that the request went into; 0: into none
    http::parse_error refusal_;
    std::optional<final_recipient_response> final_recipient_;  // we respond in the app's place

    opening opening_ = opening::pending;
    mux::failure refused_why_ = mux::failure::none;
    io::event opening_ended_;
    std::shared_ptr<mux::exchange> exchange_;
    std::weak_ptr<tunnel_session> sent_to_;

    http::body_decoder decoder_;
    upload upload_ = upload::none;
    io::event upload_ended_;
    std::uint64_t request_bytes_ = 0;
    bool fin_sent_ = false;

    progress response_ = progress::awaited;
    bool event_stream_ = false;
    http::body_kind kind_ = http::body_kind::none;
    unsigned interim_ = 0;
    unsigned status_ = 0;
    std::uint64_t body_bytes_ = 0;
    mux::failure failed_ = mux::failure::none;  // before the head was written: the caller gets a response of our own
    proxy::body_writer writer_;
    output output_ = output::ready;
    std::size_t credit_due_ = 0;  // for the part in hand, once it was written
    std::optional<http::websocket_passages> websocket_;
    statistics::in_flight counted_;
    io::clock::time_point started_;
    io::clock::time_point moved_;  // when bytes of the response's body moved last
};

}  // namespace tunnel::server
