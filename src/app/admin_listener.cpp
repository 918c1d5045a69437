#include "app/admin_listener.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "app/metrics_text.hpp"
#include "base/statistics.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {

namespace beast = boost::beast;
namespace http = beast::http;
using response = http::response<http::string_body>;

namespace {

response make_response(http::status status, std::string body) {
    response made(status, 11);
    made.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    made.set(http::field::cache_control, "no-store");
    made.body() = std::move(body);
    return made;
}

}  // namespace

/// One connection, of which every wait is bounded together.
class admin_listener::session {
 public:
    session(io::connected_socket socket, std::shared_ptr<admin_listener> owner)
        : stream_(std::move(socket.socket())), owner_(std::move(owner)) {}

    [[nodiscard]] io::executor strand() { return stream_.get_executor(); }
    void close() { stream_.close(); }

    io::awaitable<void> run() {
        bool open = true;
        while (open) {
            stream_.expires_after(limits::admin_time);
            http::request_parser<http::empty_body> parser;
            parser.header_limit(limits::admin_head);
            const auto [error, n] = co_await http::async_read(stream_, buffer_, parser, io::no_throw);
            if (error) break;
            const auto request = parser.release();
            auto reply = respond(request.method(), request.target());
            reply.keep_alive(request.keep_alive());
            reply.prepare_payload();
            if (request.method() == http::verb::head) reply.body().clear();
            open = request.keep_alive();
            const auto [failed, written] = co_await http::async_write(stream_, reply, io::no_throw);
            if (failed) break;
        }
        stream_.close();
    }

 private:
    [[nodiscard]] response respond(http::verb method, std::string_view target) const {
        if (method != http::verb::get && method != http::verb::head)
            return make_response(http::status::method_not_allowed, "only GET and HEAD\n");
        target = target.substr(0, target.find('?'));
        if (target == "/metrics")
            return make_response(http::status::ok, metrics_text(owner_->program_, program_statistics().now()));
        if (target == "/healthz") return make_response(http::status::ok, "ok\n");
        if (target != "/readyz")
            return make_response(http::status::not_found, "there are /metrics, /healthz and /readyz\n");
        const auto why = owner_->not_ready_();
        if (!why.empty()) return make_response(http::status::service_unavailable, why + "\n");
        return make_response(http::status::ok, "ready\n");
    }

    beast::tcp_stream stream_;
    std::shared_ptr<admin_listener> owner_;
    beast::flat_buffer buffer_{limits::admin_head};
};

admin_listener::admin_listener(io::runtime& rt, std::string program, std::function<std::string()> not_ready)
    : strand_(rt.new_strand()),
      program_(std::move(program)),
      not_ready_(std::move(not_ready)),
      accepting_(rt, strand_, [this](io::connected_socket socket) { accepted(std::move(socket)); }) {}

void admin_listener::start(const address& where) {
    accepting_.listen(where, "--admin-addr");
    program_statistics().enable();
    accepting_.start("admin listener", shared_from_this(), [] {});
}

void admin_listener::accepted(io::connected_socket socket) {
    if (open_.size() == limits::admin_connections) {
        program_statistics().reached(bound::admin_connections);
        return;  // closes it
    }
    const auto at = open_.insert(open_.end(), std::make_shared<session>(std::move(socket), shared_from_this()));
    auto body = [made = *at]() -> io::awaitable<void> { return made->run(); };
    io::spawn((*at)->strand(), "admin connection", std::move(body),
              [self = shared_from_this(), at] { io::post_to(self->strand_, [self, at] { self->open_.erase(at); }); });
}

void admin_listener::stop() {
    io::post_to(strand_, [self = shared_from_this()] {
        self->accepting_.stop();
        for (const auto& each : self->open_) io::post_to(each->strand(), [each] { each->close(); });
    });
}

}  // namespace tunnel::app
