#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/occasional_line.hpp"
#include "client/app_absence.hpp"
#include "client/app_trust.hpp"
#include "client/options.hpp"
#include "client/tls_suspicion.hpp"
#include "http/response_parser.hpp"
#include "io/asio.hpp"
#include "io/connection.hpp"
#include "io/dialler.hpp"
#include "io/event.hpp"
#include "mux/exchange.hpp"
#include "mux/part_queue.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

class exchange_observer;
class local_exchange;

/// What all connections to the app share: mostly what they have shown about it.
struct app_knowledge {
    app_trust trust;
    std::shared_ptr<io::last_good_endpoint> reached = std::make_shared<io::last_good_endpoint>();
    tls_suspicion tls;
    std::shared_ptr<app_absence> absence;  ///< null: no request waits for the app
    occasional_line bad_request;           ///< says that the server sent one
};

/// The app's side of one public connection: a connection to the app that is made at the first request, used by the
/// requests of that public connection alone, one after the other, and made again where the app has closed it. So what
/// an app ties to a connection, such as a login, stays with the caller whose connection it is. Belongs to its own
/// strand.
class app_session : public std::enable_shared_from_this<app_session> {
 public:
    app_session(io::executor strand, const options& settings, std::shared_ptr<app_knowledge> app);

    [[nodiscard]] const io::executor& strand() const noexcept { return strand_; }

    /// (any thread) Serves the request behind those that were given before. `observer` may be null.
    void serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
               std::shared_ptr<exchange_observer> observer = nullptr);
    /// (any thread) No request follows: ends once those that were given are served.
    void finish();

    // --- for the request that is being served

    [[nodiscard]] const options& settings() const noexcept { return settings_; }
    [[nodiscard]] app_knowledge& app() noexcept { return *app_; }
    /// The connection to the app, if there is one.
    [[nodiscard]] const std::shared_ptr<io::connection>& connection() const noexcept { return connection_; }
    /// Whether the connection served a request before.
    [[nodiscard]] bool reused() const noexcept { return idle_since_ != io::clock::time_point(); }
    [[nodiscard]] http::response_parser& parser() noexcept { return parser_; }
    /// HOST:PORT of the app.
    [[nodiscard]] std::string authority() const;
    /// The head on its way out.
    [[nodiscard]] byte_buffer& output() noexcept { return output_; }
    /// Makes a connection, within the time that the settings allow. Errors as io::dialler::dial; `tried` says which
    /// addresses were tried then.
    [[nodiscard]] io::awaitable<io::error_code> connect(std::string& tried);
    /// After an error of `connect`: nothing listens at any of the addresses.
    [[nodiscard]] bool refused() const noexcept { return refused_; }
    /// Until a connection that the app may just be closing has shown whether it is.
    [[nodiscard]] io::awaitable<void> let_settle();
    /// Until `wake` or `disconnect` is called: while the request is held.
    [[nodiscard]] io::awaitable<void> held() { return settled_.wait(); }
    void wake() noexcept { settled_.notify(); }
    /// Ends an attempt of `connect` and a wait of `let_settle` or `held`, and closes the connection.
    void disconnect();
    /// The request is over, and the connection may serve the next one.
    void keep();
    /// A request goes over the connection that was kept.
    void reusing();

 private:
    struct waiting_request {
        std::shared_ptr<mux::exchange> exchange;
        mux::part<protocol::request> request;
        std::shared_ptr<exchange_observer> observer;
    };

    void start();
    [[nodiscard]] io::awaitable<void> run();
    /// With all requests served, or by an exception in one of them.
    void run_ended();
    void idle_input();

    io::executor strand_;
    const options& settings_;
    std::shared_ptr<app_knowledge> app_;
    std::deque<waiting_request> waiting_;
    io::event waiting_changed_;
    bool running_ = false;
    bool finished_ = false;
    bool refused_ = false;
    std::shared_ptr<local_exchange> current_;

    std::unique_ptr<io::dialler> dialling_;  // while it connects
    std::shared_ptr<io::connection> connection_;
    io::clock::time_point idle_since_;
    io::event settled_;
    http::response_parser parser_;
    byte_buffer output_;
};

}  // namespace tunnel::client
