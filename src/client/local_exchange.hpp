#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/statistics.hpp"
#include "client/app_session.hpp"
#include "client/app_stand_in.hpp"
#include "client/exchange_observer.hpp"
#include "http/body_decoder.hpp"
#include "http/host_rewriting.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"
#include "http/websocket_passage.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "mux/exchange.hpp"
#include "mux/part_queue.hpp"
#include "proxy/body_relay.hpp"

namespace tunnel::client {

/// Replays one request to the app and sends the response back. Belongs to the strand of its app_session, which outlives
/// it.
class local_exchange : public std::enable_shared_from_this<local_exchange> {
 public:
    /// `observer` may be null.
    local_exchange(app_session& app, std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
                   std::shared_ptr<exchange_observer> observer);

    [[nodiscard]] io::awaitable<void> run();
    /// After run(), however it ended.
    void ended();

 private:
    /// The rest of the request's body. `due`: it waits for a connection.
    enum class upload : std::uint8_t { none, due, running, failed };
    /// Of the response. `over`: run() has ended.
    enum class progress : std::uint8_t { awaited, head_held, head_sent, whole, over };

    /// What --host-header asks for.
    void set_host();
    [[nodiscard]] bool may_retry(mux::failure last) const;
    [[nodiscard]] io::awaitable<void> name_cause_of_reset();
    void conclude(mux::failure last);
    void give_up(mux::failure last);
    [[nodiscard]] std::string note_on(mux::failure last) const;

    /// Whether the connection that is there may carry this request.
    [[nodiscard]] bool may_reuse() const;
    [[nodiscard]] io::awaitable<mux::failure> connect();
    /// The same where requests wait for an app that is not there.
    [[nodiscard]] io::awaitable<mux::failure> connect_once_it_listens();
    [[nodiscard]] mux::failure give_up_waiting();

    /// Whether no connection to the app could be made.
    [[nodiscard]] static bool is_absence(mux::failure why);
    /// Whether something responds in the app's place, which `stand_in` then lets do so.
    [[nodiscard]] io::awaitable<bool> has_stand_in(app_stand_in::moment when);
    /// True: something responded in the app's place, and the response is whole.
    [[nodiscard]] io::awaitable<bool> stand_in(app_stand_in::moment when);
    [[nodiscard]] io::awaitable<void> send_in_place(app_stand_in::response whole);

    /// False: the socket did not take all of it yet.
    [[nodiscard]] bool write_request(io::error_code& error);
    void request_written(const io::error_code& error);
    [[nodiscard]] io::awaitable<void> relay_request_body();
    /// `credit`: the bytes that arrived, which may be more than are written.
    [[nodiscard]] io::awaitable<bool> write_body_part(protocol::data& part, std::size_t credit);
    void upload_over(bool by_exception);
    void stop_upload_at_end();
    /// HOST:PORT for the Host field, if the request has none.
    [[nodiscard]] std::string missing_host() const;
    /// The app never saw this request, and the response is out: the rest of the request is still shown to the observer.
    [[nodiscard]] io::awaitable<void> show_unsent_body();

    /// `none`: the final head is there. Empty: what has arrived does not decide it. Interim heads are passed on.
    [[nodiscard]] std::optional<mux::failure> read_final_head();
    /// Keeps why the app's response is refused, for log and caller.
    [[nodiscard]] mux::failure refuse(const http::parse_error& error);
    /// Whether the final head, which is there, waits for its body. Then the connection says when it has.
    [[nodiscard]] bool hold_head();
    /// Sends the head of the response, and the body that came with it.
    [[nodiscard]] mux::failure begin_response();
    [[nodiscard]] io::awaitable<mux::failure> relay_response_body();

    void incoming_arrived();
    void take_control(const mux::incoming& part);
    /// The client is stopping, and what would not end by itself does not hold it up.
    void stop_requested();
    void end_if_endless();
    void close_websocket();
    void warn_of_server(std::string_view sent) const;
    void log(std::string_view note) const;

    app_session& app_;
    std::shared_ptr<mux::exchange> exchange_;
    mux::part<protocol::request> request_;
    std::shared_ptr<exchange_observer> observer_;  // null: nothing observes
    std::optional<http::host_rewriting> rewriting_;
    std::unique_ptr<app_absence::place> place_;  // among those that are held
    app_stand_in::maker make_stand_in_;
    std::string stand_in_note_;

    unsigned connects_ = 0;     // connections made for this request, which cannot be stale; 0: it has one that was kept
    bool caller_left_ = false;  // the exchange ended at the other side
    bool half_closed_ = false;  // the caller's FIN goes to the app, behind the request
    bool written_ = false;      // the head of the request, and the body that came with it
    bool event_stream_ = false;  // a response that may never end
    bool told_to_continue_ = false;

    proxy::body_writer writer_;
    upload upload_ = upload::none;
    io::event upload_ended_;

    progress response_ = progress::awaited;
    unsigned interim_ = 0;
    http::received_response received_;
    http::body_decoder decoder_;
    std::optional<http::websocket_passages> websocket_;
    statistics::in_flight counted_;
    io::clock::time_point started_;
    io::clock::time_point moved_;             // when bytes of the response moved last
    std::unique_ptr<io::deadline> stopping_;  // while the client is
    std::string detail_;                      // what failed, where that says more than the kind of failure
    unsigned status_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t uploaded_ = 0;  // of the request's body, behind what came with its head
};

}  // namespace tunnel::client
