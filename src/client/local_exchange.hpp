#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/local_connection.hpp"
#include "client/local_pool.hpp"
#include "client/options.hpp"
#include "http/body_decoder.hpp"
#include "http/received.hpp"
#include "io/asio.hpp"
#include "io/dialler.hpp"
#include "io/event.hpp"
#include "mux/exchange.hpp"
#include "proxy/body_relay.hpp"

namespace tunnel::client {

/// Whether sending the request twice does no harm, and all of it is here.
[[nodiscard]] bool is_repeatable(const protocol::request& request);

/// Replays one request to the local app and sends the answer back. What nobody has to wait for in the middle, which is
/// nearly every request, is done by plain functions when something arrives; the rest is left to a coroutine. Belongs to
/// the strand of the connection that it uses.
class local_exchange : public std::enable_shared_from_this<local_exchange> {
 public:
    /// `pooled` may be empty; then a connection is made on `strand`.
    local_exchange(io::executor strand, std::shared_ptr<local_pool> pool, local_pool::taken pooled,
                   const options& settings, std::shared_ptr<mux::exchange> exchange, protocol::request&& request);

    /// (the strand, or before anything runs there)
    void start();

 private:
    /// The whole request in one write, on a connection that is there. False: see wait_through.
    [[nodiscard]] bool send_at_once();
    void answer_arrived();
    /// Leaves what has to wait to a coroutine. `begun`: what became of the answer's head, where it has arrived.
    void wait_through(std::optional<mux::failure> begun);
    [[nodiscard]] io::awaitable<void> run(std::optional<mux::failure> begun);
    /// Until the answer's head has been sent on.
    [[nodiscard]] io::awaitable<mux::failure> begin();
    void conclude(mux::failure why, std::string_view note);
    /// After run(), however it ended: nothing is left behind.
    void ended();

    [[nodiscard]] bool take_pooled();
    [[nodiscard]] bool pooled_is_usable();
    [[nodiscard]] io::awaitable<mux::failure> connect();
    [[nodiscard]] bool may_retry(mux::failure why) const;

    /// False: the socket did not take all of it yet.
    [[nodiscard]] bool write_request(io::error_code& error);
    void request_written(const io::error_code& error);
    [[nodiscard]] io::awaitable<void> relay_request_body();
    void upload_dropped();
    [[nodiscard]] io::awaitable<bool> write_body_part(protocol::data& part);
    /// none: the final head is there. Empty: what has arrived does not tell. Interim heads are passed on.
    [[nodiscard]] std::optional<mux::failure> read_final_head();
    /// Keeps why the app's response is refused, for log and client.
    [[nodiscard]] mux::failure refused(const http::parse_error& error);
    /// Whether the final head, which is there, is to wait for its body. Then the connection says when it has.
    [[nodiscard]] bool head_waits();
    /// Sends the head of the answer, and the body that came with it.
    [[nodiscard]] mux::failure begin_answer();
    [[nodiscard]] io::awaitable<mux::failure> relay_answer_body();
    void stop_upload_at_end();
    void incoming_arrived();
    void drop_connection();
    void take_control(const mux::incoming& part);

    void give_up(mux::failure why);
    void release_connection();
    void log(std::string_view note = {}) const;

    io::executor strand_;
    std::shared_ptr<local_pool> pool_;
    local_pool::taken pooled_;
    const options& settings_;
    std::shared_ptr<mux::exchange> exchange_;
    protocol::request request_;

    std::shared_ptr<local_connection> connection_;
    std::unique_ptr<io::dialler> dialling_;  // while it connects
    bool fresh_ = false;                     // made for this request: it cannot be stale
    bool finished_ = false;
    std::shared_ptr<local_exchange> awaiting_answer_;  // this, while a callback of the connection is all that holds it
    bool caller_left_ = false;                         // the exchange ended at the other side
    bool half_closed_ = false;                         // the caller's FIN goes to the app, behind the request
    bool request_written_ = false;                     // head, and the body that came with it

    proxy::body_writer writer_;
    bool half_written_ = false;  // the socket did not take the request at once
    bool body_due_ = false;      // parts of the request's body are in the exchange, or will be
    bool uploading_ = false;
    bool upload_failed_ = false;
    io::event upload_ended_;

    unsigned interim_ = 0;
    http::received_response response_;
    http::body_decoder decoder_;
    std::string fault_;         // what is wrong with the app's response
    bool head_waited_ = false;  // for its body, once: the final head was read
    bool head_sent_ = false;
    bool answer_sent_ = false;  // to its end
    io::clock::time_point started_;
    unsigned status_ = 0;
    std::uint64_t body_octets_ = 0;
};

}  // namespace tunnel::client
