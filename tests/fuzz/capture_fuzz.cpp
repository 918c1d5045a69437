#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <spdlog/spdlog.h>

#include "client/app_trust.hpp"
#include "client/client_session.hpp"
#include "client/options.hpp"
#include "fuzz/app_port.hpp"
#include "fuzz/capture_oracle.hpp"
#include "fuzz/script.hpp"
#include "fuzz/scripted_link.hpp"
#include "http/trailer_rules.hpp"
#include "inspector/history.hpp"
#include "io/spawn.hpp"

// A client that records, between a server that keeps the protocol and any app. What the record of an exchange holds is
// what the server sent, what the app got, what the app sent and what the server got.

namespace {

using namespace tunnel;
using fuzz::app_view;
using fuzz::expect;
using fuzz::server_view;
using record_pointer = std::shared_ptr<const inspector::record>;

constexpr std::size_t kept_of_body = 1000;   // so that inputs reach it
constexpr std::size_t kept_of_all = 3000;    // the same
constexpr std::size_t longest_part = 4096;   // a server that keeps the protocol sends no more than it may
constexpr std::size_t longest_body = 30000;  // below the window that the client gives at first

/// One history for all inputs, and the records of the current one.
class kept_records {
 public:
    kept_records() : history(in_memory(), {}, [this](const inspector::history_change& c) { note(c); }) {}

    std::map<std::string, record_pointer> take() {
        history.flush();
        const std::lock_guard lock(mutex_);
        return std::exchange(records_, {});
    }

 private:
    static inspector::history_settings in_memory() {
        inspector::history_settings s;
        s.mode = inspector::history_mode::memory;
        return s;
    }
    void note(const inspector::history_change& c) {
        const std::lock_guard lock(mutex_);
        if (c.stored) records_[c.stored->request.target] = c.stored;
    }

    std::mutex mutex_;
    std::map<std::string, record_pointer> records_;

 public:
    inspector::history history;
};

class scene {
 public:
    scene(const fuzz::app_port& port, kept_records& kept) : port_(port), kept_(kept), capture_(kept.history, bounds()) {
        settings_.local_port = port.number;
        settings_.raw_bodies = true;
        io::tcp::socket tunnel(runtime_.new_strand());
        server_ = std::make_unique<fuzz::end_of_wire>(fuzz::connect_to(tunnel));
        const auto strand = tunnel.get_executor();
        session_ = std::make_shared<client::client_session>(runtime_, std::move(tunnel), settings_,
                                                            std::make_shared<client::app_knowledge>());
        session_->observe(&capture_);
        auto body = [this]() -> io::awaitable<void> {
            [[maybe_unused]] const auto how = co_await session_->run("fuzz", true, [] {});
        };
        io::spawn(strand, "session", std::move(body), [this] { running_ = false; });
    }

    void run(fuzz::script script) {
        raw_ = script.flag();
        fuzz::script form(reinterpret_cast<const std::uint8_t*>(raw_ ? "\1" : ""), 1);
        server_->send(fuzz::hello(form));
        settle();
        while (!script.done()) {
            step(script);
            settle();
        }
    }

    void end() {
        session_->stop();
        for (int i = 0; i < 1000 && running_; ++i) settle();
        expect(!running_, "the session did not end", "");
        session_ = nullptr;
        for (auto& app : apps_) app.wire.close();
        // A request may wait for a moment before it uses a connection again.
        runtime_.context().restart();
        runtime_.context().run_for(std::chrono::seconds(5));
        expect(runtime_.context().stopped(), "something is left behind", "");
        check();
    }

 private:
    struct app_connection {
        fuzz::end_of_wire wire;
        std::string sent;
    };

    static inspection::capture_settings bounds() {
        inspection::capture_settings s;
        s.body_bytes = kept_of_body;
        s.open_bytes = kept_of_all;
        s.app = "app";
        return s;
    }

    void step(fuzz::script& script) {
        switch (script.choice(8)) {
            case 0:
            case 1:
                return send_request(script);
            case 2:
            case 3:
                return send_data(script);
            case 4:
            case 5:
                return respond(script);
            case 6:
                return with_app(script, [&](auto& app) { send(app, script.any_text()); });
            default:
                return leave(script);
        }
    }

    /// What fits into the declared length, or in sum into the client's window; sets `end` where a length is full.
    std::string part_of(protocol::stream_id id, fuzz::script& script, bool& end) {
        const auto text = script.text();
        std::string bytes;
        for (auto times = script.choice(32); times > 0; --times) bytes += text;
        auto room = std::min(longest_part, longest_body - sent_.at(id).body.size());
        const auto left = left_.find(id);
        if (left != left_.end()) room = std::min<std::size_t>(room, left->second);
        bytes.resize(std::min(bytes.size(), room));
        if (left != left_.end()) {
            left->second -= bytes.size();
            end = left->second == 0;
        }
        return bytes;
    }

    void send_request(fuzz::script& script) {
        constexpr std::array<std::string_view, 6> methods{"GET", "POST", "HEAD", "OPTIONS", "PUT", "M-SEARCH"};
        const auto id = ++last_id_;
        http::request_head head;
        head.method = script.one_of(methods);
        head.target = "/" + std::to_string(id) + "?" + std::string(script.choice(4) == 3 ? script.text() : "");
        if (script.flag()) head.fields.add("Host", "a");
        for (const auto f : script.fields()) {
            if (!iequals(f.name, "Host")) head.fields.add(f.name, f.value);
        }
        auto& sent = sent_[id];
        sent.target = head.target;
        if (script.choice(8) == 7) {
            head.upgrade = script.flag() ? "websocket" : "echo";
        } else if (script.flag()) {
            const auto unit = script.choice(256);
            head.content_length = left_[id] = std::uint64_t{unit} * script.choice(32);
        }
        head.accepts_trailers = script.flag();
        sent.end = head.upgrade.empty() && script.flag();
        sent.body = head.upgrade.empty() ? part_of(id, script, sent.end) : "";
        const auto trailers = trailers_of(sent, script, !head.content_length);
        byte_buffer frame;
        protocol::append_request(frame, id, head, sent.body, sent.end, trailers, form(), {id % 3, {}});
        server_->send(frame.view());
    }

    void send_data(fuzz::script& script) {
        const auto id = 1 + script.choice(8);
        if (!sent_.contains(id) || sent_.at(id).end) return;
        auto& sent = sent_.at(id);
        sent.end = script.choice(4) == 3;
        const auto body = part_of(id, script, sent.end);
        sent.body += body;
        const auto trailers = trailers_of(sent, script, !left_.contains(id));
        byte_buffer frame;
        protocol::append_data(frame, id, body, sent.end, trailers, form());
        server_->send(frame.view());
    }

    static http::field_list trailers_of(server_view& sent, fuzz::script& script, bool allowed) {
        auto trailers = sent.end && allowed ? script.fields() : http::field_list();
        auto arriving = trailers;  // names that no trailer may have are removed where the message is read
        arriving.remove_if([](const http::field& f) { return http::is_forbidden_trailer(f.name); });
        sent.trailers = fuzz::lines_of(arriving);
        return trailers;
    }

    void respond(fuzz::script& script) {
        constexpr std::array<std::string_view, 12> responses{
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil close",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01x",
            "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
            "HTTP/1.1 500 \r\nset-cookie:a\r\nSet-Cookie: \xFF \r\nContent-Length: 00\r\n\r\n"};
        const auto bytes = script.one_of(responses);
        with_app(script, [&](auto& app) { send(app, bytes); });
    }

    void leave(fuzz::script& script) {
        const auto what = script.choice(8);
        const auto id = 1 + script.choice(8);
        byte_buffer frame;
        if (what == 0) server_->close();
        if (what == 1) protocol::append_frame(frame, protocol::cancel{id, protocol::cancel_reason::caller_gone});
        if (what == 2) protocol::append_frame(frame, protocol::fin{id});
        if (what == 3 || what == 4) protocol::append_frame(frame, protocol::window{id, 4096});
        if (what < 5) return server_->send(frame.view());
        with_app(script, [&](auto& app) {
            if (what == 5) return app.wire.shutdown_send();
            app.wire.close();
        });
    }

    [[nodiscard]] protocol::body_form form() const {
        return raw_ ? protocol::body_form::raw : protocol::body_form::base64;
    }

    static void send(app_connection& app, std::string_view bytes) {
        app.sent += bytes;
        app.wire.send(bytes);
    }

    /// Mostly the last, which is the most likely to be waited for.
    template <class Function>
    void with_app(fuzz::script& script, Function run) {
        const auto which = script.choice(4);
        if (!apps_.empty()) run(apps_[which < apps_.size() ? apps_.size() - 1 - which : 0]);
    }

    void settle() {
        auto& context = runtime_.context();
        for (bool busy = true; busy;) {
            context.restart();
            busy = context.poll() > 0;
            busy = server_->receive() || busy;
            take_frames();
            for (int file = port_.accept(); file >= 0; file = port_.accept()) {
                apps_.push_back({fuzz::end_of_wire(file), {}});
                busy = true;
            }
            for (auto& app : apps_) busy = app.wire.receive() || busy;
        }
    }

    void take_frames() {
        std::string_view rest = server_->received;
        for (;;) {
            std::error_code error;
            const auto frame = protocol::read_frame(rest, error, raw_);
            expect(!error, "the server got a broken frame", rest);
            if (!frame.complete()) break;
            protocol::message message;
            const auto form = frame.raw_body ? protocol::body_form::raw : protocol::body_form::base64;
            expect(!decoder_.decode(frame.payload, message, form), "the server got a broken message", frame.payload);
            if (auto* response = std::get_if<protocol::response>(&message)) take(*response);
            if (auto* data = std::get_if<protocol::data>(&message)) take(*data, sent_.at(data->id));
            rest.remove_prefix(frame.total);
        }
        server_->received.erase(0, server_->received.size() - rest.size());
    }

    void take(const protocol::response& response) {
        auto& got = sent_.at(response.id);
        const auto status = static_cast<int>(response.head.status);
        if (response.head.interim()) return got.interim.push_back(status);
        got.status = status;
        take(response, got);
    }

    template <class Part>
    static void take(const Part& part, server_view& got) {
        got.response_body += part.body.view();
        got.response_end = part.end;
        if (part.end) got.response_trailers = fuzz::lines_of(part.trailers);
    }

    void check() {
        const auto records = kept_.take();
        expect(capture_.dropped() == 0, "an exchange was not recorded", "");
        for (const auto& [target, r] : records) check_record(target, *r);
        for (const auto& app : apps_) {
            if (app.wire.received.starts_with("\x16\x03")) continue;  // whether the app speaks TLS
            fuzz::app_reader reader(app.wire.received);
            for (app_view seen; reader.next(seen); seen = {}) {
                const auto start = seen.head.find('/');
                const auto found =
                    records.find(std::string(seen.head.substr(start, seen.head.find(' ', start) - start)));
                expect(found != records.end(), "the app got a request that was not kept", seen.head);
                fuzz::expect_request_of_app(*found->second, seen);
            }
            const auto is_rest = [&](const auto& kept) {
                return kept.second->request.raw_sent.starts_with(reader.rest());
            };
            expect(std::ranges::any_of(records, is_rest) || reader.done(), "half a head was not kept", reader.rest());
        }
    }

    void check_record(const std::string& target, const inspector::record& r) const {
        const auto is_it = [&](const auto& sent) { return sent.second.target == target; };
        const auto sent = std::ranges::find_if(sent_, is_it);
        expect(sent != sent_.end(), "a request was kept that was not sent", target);
        fuzz::expect_request_of_server(r, sent->second);
        fuzz::expect_response_of_server(r, sent->second);
        const auto whole = [&](const inspector::body_copy& kept) {
            return kept.bytes.size() == std::min<std::uint64_t>(kept.length, kept_of_body);
        };
        if (capture_.bodies_dropped() == 0) expect(whole(r.request.body) && whole(r.response.body), "cut", target);
        for (const auto& interim : r.response.interim) expect_from_app(interim.raw);
        if (r.outcome.empty()) expect_from_app(r.response.raw_head);
    }

    void expect_from_app(std::string_view head) const {
        const auto sent = [&](const auto& app) { return app.sent.find(head) != std::string::npos; };
        expect(head.empty() || std::ranges::any_of(apps_, sent), "a head was kept that the app did not send", head);
    }

    const fuzz::app_port& port_;
    kept_records& kept_;
    inspection::capture capture_;
    io::runtime runtime_{1};
    client::options settings_;
    std::unique_ptr<fuzz::end_of_wire> server_;
    std::shared_ptr<client::client_session> session_;
    std::vector<app_connection> apps_;
    protocol::message_decoder decoder_;
    std::map<protocol::stream_id, server_view> sent_;
    std::map<protocol::stream_id, std::uint64_t> left_;  // of bodies with a declared length
    protocol::stream_id last_id_ = 0;
    bool running_ = true;
    bool raw_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    spdlog::set_level(spdlog::level::off);
    static const fuzz::app_port port;
    static kept_records kept;
    scene s(port, kept);
    s.run(fuzz::script(bytes, size));
    s.end();
    return 0;
}
