#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <spdlog/spdlog.h>

#include "fuzz/script.hpp"
#include "fuzz/scripted_link.hpp"
#include "http/body_decoder.hpp"
#include "http/response_parser.hpp"
#include "io/spawn.hpp"
#include "server/client_slot.hpp"
#include "server/options.hpp"
#include "server/public_session.hpp"
#include "server/tunnel_session.hpp"
#include "tunnel/base/limits.hpp"

// Everything of the server behind its listeners, between a hostile tunnel-client and a caller. What the caller gets
// must be at most one well-formed response for each of its requests, whatever the client sends.

namespace {

using namespace tunnel;

struct known_request {
    std::string_view bytes;
    bool head;  ///< its response has no body
};
constexpr std::array<known_request, 8> requests{{
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", false},
    {"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", false},
    {"GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", false},
    {"PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", false},
    {"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", false},
}};

[[noreturn]] void wrong(const char* what, std::string_view bytes) {
    std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(bytes.size()), bytes.data());
    std::abort();
}

/// `responses` must be a response to each of `asked` in turn, the last ones perhaps missing or cut short.
void check_responses(std::string responses, const std::vector<known_request>& asked) {
    std::string_view rest = responses;
    for (const auto& request : asked) {
        for (;;) {
            if (rest.empty()) return;
            http::response_parser parser(limits::max_head + limits::added_bytes * 2);
            http::received_response response;
            http::parse_error error;
            const auto size = parser.parse(rest, request.head, response, error);
            if (error) wrong("what the caller got is not a response", rest);
            if (size == 0) return;
            rest.remove_prefix(size);
            if (response.head.status == 101) return;
            if (response.head.interim()) continue;
            http::body_decoder body(response.body, response.head.content_length.value_or(0));
            std::string copy(rest);
            const auto step = body.decode(copy.data(), copy.size(), error);
            if (error) wrong("the caller got a broken body", rest);
            rest.remove_prefix(step.consumed);
            if (!body.done()) return;
            break;
        }
    }
    if (!rest.empty()) wrong("the caller got more than it asked for", rest);
}

class scene {
 public:
    scene() : slot_(std::make_shared<server::client_slot>(runtime_.new_strand(), 4)) {
        settings_.max_in_flight = 4;
        io::tcp::socket tunnel(runtime_.new_strand());
        peer_ = std::make_unique<fuzz::end_of_wire>(fuzz::connect_to(tunnel));
        tunnel_ = std::make_shared<server::tunnel_session>(std::move(tunnel), slot_, settings_);
        start(tunnel_);
        io::tcp::socket caller(runtime_.new_strand());
        caller_ = std::make_unique<fuzz::end_of_wire>(fuzz::connect_to(caller));
        public_ = std::make_shared<server::public_session>(std::move(caller), slot_, settings_, 1);
        start(public_);
    }

    void run(fuzz::script script) {
        if (script.flag()) peer_->send(fuzz::hello(script));
        settle();
        while (!script.done()) {
            step(script);
            settle();
        }
        if (plain_) check_responses(caller_->received, asked_);
    }

    /// Every session must end once it is told to, and the caller's time for a last response is over.
    void end() {
        public_->stop(true);
        settle();
        public_->cut_off();
        tunnel_->stop("the input has ended");
        for (int i = 0; i < 1000 && running_ > 0; ++i) settle();
        if (running_ > 0) wrong("a session did not end", "");
    }

 private:
    template <class Session>
    void start(const std::shared_ptr<Session>& session) {
        ++running_;
        auto body = [session]() -> io::awaitable<void> { return session->run(); };
        auto ended = [this, session] {
            session->ended();
            --running_;
        };
        io::spawn(session->strand(), "session", std::move(body), std::move(ended));
    }

    void step(fuzz::script& script) {
        byte_buffer frame;
        switch (script.choice(8)) {
            case 0:
                return peer_->send(script.any_text());
            case 1:
            case 2: {
                http::response_head head;
                head.status = script.flag() ? 200 : script.choice(256) << 2U;
                head.reason = script.text();
                head.fields = script.fields();
                head.content_length = fuzz::maybe_length(script);
                if (script.choice(8) == 7) head.upgrade = script.text();
                const auto id = fuzz::next_id(script);
                const auto end = script.flag();
                const auto body = script.text();
                protocol::append_response(frame, id, head, body, end, script.fields());
                return peer_->send(frame.view());
            }
            case 3:
                fuzz::append_shared_frame(frame, script);
                return peer_->send(frame.view());
            case 4:
            case 5:
                asked_.push_back(requests[script.choice(requests.size())]);
                return caller_->send(asked_.back().bytes);
            case 6:
                plain_ = false;
                return caller_->send(script.any_text());
            default:
                switch (script.choice(4)) {
                    case 0:
                        return caller_->shutdown_send();
                    case 1:
                        return peer_->shutdown_send();
                    case 2:
                        return peer_->close();
                    default:
                        return peer_->send(fuzz::hello(script));
                }
        }
    }

    void settle() {
        auto& context = runtime_.context();
        for (bool busy = true; busy;) {
            context.restart();
            busy = context.poll() > 0;
            busy = peer_->receive() || busy;
            busy = caller_->receive() || busy;
        }
        peer_->received.clear();
    }

    io::runtime runtime_{1};
    server::options settings_;
    std::shared_ptr<server::client_slot> slot_;
    std::unique_ptr<fuzz::end_of_wire> peer_;
    std::unique_ptr<fuzz::end_of_wire> caller_;
    std::shared_ptr<server::tunnel_session> tunnel_;
    std::shared_ptr<server::public_session> public_;
    int running_ = 0;
    std::vector<known_request> asked_;
    bool plain_ = true;  // the caller sent known requests only
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    spdlog::set_level(spdlog::level::off);
    scene s;
    s.run(fuzz::script(bytes, size));
    s.end();
    return 0;
}
