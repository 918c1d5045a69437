#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <spdlog/spdlog.h>

#include "client/app_trust.hpp"
#include "client/client_session.hpp"
#include "client/options.hpp"
#include "fuzz/app_port.hpp"
#include "fuzz/script.hpp"
#include "fuzz/scripted_link.hpp"
#include "http/body_decoder.hpp"
#include "http/request_parser.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

// A client's session between a hostile server and a hostile local app. What reaches the app must be well-formed
// requests, no more of them than the server sent, whatever either sends.

namespace {

using namespace tunnel;

[[noreturn]] void wrong(const char* what, std::string_view bytes) {
    std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(bytes.size()), bytes.data());
    std::abort();
}

/// Returns how many requests began. `upgraded`: behind an upgrade anything may follow.
std::size_t count_requests(std::string bytes) {
    std::string_view rest = bytes;
    std::size_t count = 0;
    while (!rest.empty()) {
        http::request_parser parser(2 * limits::max_head);
        http::received_request request;
        http::parse_error error;
        const auto size = parser.parse(rest, request, error);
        if (error) wrong("what the app got is not a request", rest);
        ++count;
        if (size == 0) return count;
        rest.remove_prefix(size);
        if (!request.head.upgrade.empty()) return count;
        http::body_decoder body(request.body, request.head.content_length.value_or(0));
        std::string copy(rest);
        const auto step = body.decode(copy.data(), copy.size(), error);
        if (error) wrong("the app got a broken body", rest);
        rest.remove_prefix(step.consumed);
        if (!body.done()) return count;
    }
    return count;
}

/// Behind a connection that the app closed without a response, the client asks whether the app speaks HTTPS.
bool asks_about_tls(std::string_view bytes) {
    constexpr std::string_view client_hello = "\x16\x03\x01";
    return bytes.substr(0, client_hello.size()) == client_hello;
}

class scene {
 public:
    explicit scene(const fuzz::app_port& port) : port_(port) {
        settings_.local_port = port.number;
        settings_.raw_bodies = true;
        io::tcp::socket tunnel(runtime_.new_strand());
        server_ = std::make_unique<fuzz::end_of_wire>(fuzz::connect_to(tunnel));
        const auto strand = tunnel.get_executor();
        session_ = std::make_shared<client::client_session>(runtime_, std::move(tunnel), settings_,
                                                            std::make_shared<client::app_knowledge>());
        auto body = [this]() -> io::awaitable<void> {
            [[maybe_unused]] const auto how = co_await session_->run("fuzz", true, [] {});
        };
        auto ended = [this] { running_ = false; };
        io::spawn(strand, "session", std::move(body), std::move(ended));
    }

    void run(fuzz::script script) {
        if (script.flag()) server_->send(fuzz::hello(script));
        settle();
        while (!script.done()) {
            step(script);
            settle();
        }
        std::size_t seen = 0;
        for (const auto& app : apps_) {
            if (!asks_about_tls(app.received)) seen += count_requests(app.received);
        }
        // A repeatable request may be tried again on a new connection.
        if (plain_ && seen > 2 * sent_) wrong("the app got more requests than were sent", "");
    }

    void end() {
        session_->stop();
        for (int i = 0; i < 1000 && running_; ++i) settle();
        if (running_) wrong("the session did not end", "");
        session_ = nullptr;
        apps_.clear();
        // A request may wait for a moment before it uses a connection again.
        runtime_.context().restart();
        runtime_.context().run_for(std::chrono::seconds(5));
        if (!runtime_.context().stopped()) wrong("something is left behind", "");
    }

 private:
    void step(fuzz::script& script) {
        byte_buffer frame;
        switch (script.choice(8)) {
            case 0:
                plain_ = false;
                return server_->send(script.any_text());
            case 1:
            case 2:
                append_request(frame, script);
                ++sent_;
                return server_->send(frame.view());
            case 3:
                plain_ = false;  // its free text may be a request
                fuzz::append_shared_frame(frame, script);
                return server_->send(frame.view());
            case 4:
            case 5:
                return respond(script);
            case 6:
                return with_app(script, [&](auto& app) { app.send(script.any_text()); });
            default:
                return leave(script);
        }
    }

    void append_request(byte_buffer& frame, fuzz::script& script) {
        constexpr std::array<std::string_view, 6> methods{"GET", "POST", "HEAD", "OPTIONS", "PUT", "M-SEARCH"};
        http::request_head head;
        head.method = script.choice(8) == 7 ? script.text() : script.one_of(methods);
        head.target = script.choice(4) == 3 ? script.text() : std::string_view("/x?y");
        if (script.flag()) head.fields.add("Host", "a");
        for (const auto f : script.fields()) {
            if (!iequals(f.name, "Host")) head.fields.add(f.name, f.value);
        }
        head.content_length = fuzz::maybe_length(script);
        if (script.choice(8) == 7) head.upgrade = script.text();
        head.accepts_trailers = script.flag();
        const auto id = script.flag() ? ++next_id_ : fuzz::next_id(script);
        const auto end = script.flag();
        const auto body = script.text();
        const auto trailers = script.fields();
        // Requests without a number, and of two public connections.
        protocol::append_request(frame, id, head, body, end, trailers, protocol::body_form::base64, {id % 3, {}});
    }

    void respond(fuzz::script& script) {
        constexpr std::array<std::string_view, 9> responses{
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil close",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"};
        const auto bytes = script.one_of(responses);
        with_app(script, [&](auto& app) { app.send(bytes); });
    }

    void leave(fuzz::script& script) {
        const auto what = script.choice(4);
        if (what == 0) return server_->shutdown_send();
        if (what == 1) return server_->close();
        with_app(script, [&](auto& app) {
            if (what == 2) return app.shutdown_send();
            app.close();
        });
    }

    template <class Function>
    void with_app(fuzz::script& script, Function run) {
        const auto which = script.choice(8);
        if (!apps_.empty()) run(apps_[which % apps_.size()]);
    }

    void settle() {
        auto& context = runtime_.context();
        for (bool busy = true; busy;) {
            context.restart();
            busy = context.poll() > 0;
            busy = server_->receive() || busy;
            server_->received.clear();
            for (int file = port_.accept(); file >= 0; file = port_.accept()) {
                apps_.emplace_back(file);
                busy = true;
            }
            for (auto& app : apps_) busy = app.receive() || busy;
        }
    }

    const fuzz::app_port& port_;
    io::runtime runtime_{1};
    client::options settings_;
    std::unique_ptr<fuzz::end_of_wire> server_;
    std::shared_ptr<client::client_session> session_;
    std::vector<fuzz::end_of_wire> apps_;
    bool running_ = true;
    protocol::stream_id next_id_ = 0;
    std::size_t sent_ = 0;
    bool plain_ = true;  // the server sent no requests but those that were counted
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    spdlog::set_level(spdlog::level::off);
    static const fuzz::app_port port;
    scene s(port);
    s.run(fuzz::script(bytes, size));
    s.end();
    return 0;
}
