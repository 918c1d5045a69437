#include "inspector/sample_records.hpp"

#include <array>

#include "inspector/body_capture.hpp"

namespace tunnel::inspector {

using namespace std::chrono_literals;

time_point noon() { return std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + 12h; }

record sample_record(record_id id) {
    record r;
    r.id = id;
    r.parent = 77;
    r.origin = record_origin::replay;
    r.state = record_state::complete;
    r.arrived = noon() + 123456us;
    r.caller = "203.0.113.9";
    r.public_url = "https://App.example.dev/hooks/stripe?x=1&y=a%20b";
    r.app = "127.0.0.1:3000";
    r.request.method = "POST";
    r.request.target = "/hooks/stripe?x=1&y=a%20b";
    r.request.raw_received = "POST /hooks/stripe?x=1&y=a%20b HTTP/1.1\r\nHost: App.example.dev\r\n\r\n";
    r.request.raw_sent =
        "POST /hooks/stripe?x=1&y=a%20b HTTP/1.1\r\nHost: app.example.dev\r\nContent-Type: application/json\r\n"
        "Authorization: Bearer s3cr3t\r\nX-Twice: a\r\nx-twice: b\r\nContent-Length: 54\r\n\r\n";
    r.request.fields = fields_of_head(r.request.raw_sent);
    r.request.body = copy_body(R"({"id":1234567890123456789,"data":{"object":{"n":5}}})");
    r.request.trailers = {{"X-Checksum", "abc"}};
    r.response.status = 200;
    r.response.raw_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: s=1; Path=/\r\n\r\n";
    r.response.fields = fields_of_head(r.response.raw_head);
    r.response.body = copy_body(R"({"ok":true})");
    r.response.trailers = {{"Server-Timing", "db;dur=1"}};
    r.response.interim = {{103, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"}};
    r.phases = {10us, 200us, 350us, 40ms, 41ms};
    r.outcome = "";
    r.labels = {"fault", "held"};
    r.webhook = {"stripe", "invoice.paid", "evt_1", signature_verdict::valid};
    r.note = {true, "look at this"};
    r.messages = {
        {1, message_direction::from_caller, message_kind::text, true, 50ms, 5, "hello"},
        {2, message_direction::from_app, message_kind::binary, false, 60ms, 3, std::string("\x00\xFF\x01", 3)}};
    r.events = {{1, 70ms, "update", "7", 4, "data"}};
    r.messages_dropped = 3;
    return r;
}

namespace {

using generator = std::mt19937;

std::size_t below(generator& random, std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

std::string pick(generator& random, std::initializer_list<const char*> from) {
    return *(from.begin() + below(random, from.size()));
}

std::string random_bytes(generator& random, std::size_t most) {
    std::string bytes(below(random, most + 1), '\0');
    for (auto& c : bytes) c = static_cast<char>(below(random, 256));
    return bytes;
}

body_copy random_body(generator& random) {
    switch (below(random, 5)) {
        case 0:
            return copy_body("");
        case 1:
            return copy_body(random_bytes(random, 300));
        case 2:
            return copy_body(random_bytes(random, 300), 20);
        default:
            return copy_body(
                pick(random, {R"({"id":7,"name":"Anna","list":[{"id":1},{"id":2}]})", "plain text with Foo in it",
                              R"(["a",1.5,null])", "{\"id\":19999999999999999999}", "a=1&b=2"}));
    }
}

field_lines random_fields(generator& random) {
    field_lines fields;
    for (auto n = below(random, 4); n > 0; --n) {
        fields.emplace_back(pick(random, {"Content-Type", "X-GitHub-Event", "User-Agent", "Upgrade", "X-Empty"}),
                            pick(random, {"application/json", "push", "websocket", "", "caf\xE9", "text/html"}));
    }
    return fields;
}

std::optional<duration> random_time(generator& random) {
    if (below(random, 3) == 0) return std::nullopt;
    return duration(static_cast<std::int64_t>(below(random, 3'000'000)));
}

}  // namespace

record random_record(generator& random) {
    record r;
    r.id = 1 + below(random, 1'000'000'000);
    r.parent = below(random, 3) == 0 ? 1 + below(random, 1000) : 0;
    r.origin = static_cast<record_origin>(below(random, 3));
    r.state = static_cast<record_state>(below(random, 4));
    r.arrived = noon() + duration(static_cast<std::int64_t>(below(random, 3'600'000'000)));
    r.caller = pick(random, {"127.0.0.1", "203.0.113.9", "::1", ""});
    r.public_url = pick(random, {"", "https://A.example.dev/x", "http://b.example.dev:8080/hooks?q=1"});
    r.app = "127.0.0.1:3000";
    r.request.method = pick(random, {"GET", "POST", "put", "DELETE"});
    r.request.target = pick(random, {"/", "/hooks/Stripe?x=1", "/a?b", "*", "/caf\xC3\xA9?q=\xFF"});
    r.request.fields = random_fields(random);
    r.request.body = random_body(random);
    r.request.raw_sent = random_bytes(random, 40);
    r.response.status = static_cast<int>(std::array{0, 200, 204, 301, 404, 500, 503}[below(random, 7)]);
    r.response.fields = random_fields(random);
    r.response.body = random_body(random);
    r.phases.last_byte = random_time(random);
    r.phases.first_byte = random_time(random);
    r.outcome = pick(random, {"", "app_unreachable", "app_timeout"});
    if (below(random, 4) == 0) r.labels = {"fault"};
    if (below(random, 4) == 0) r.labels.push_back("stub");
    r.webhook.provider = pick(random, {"", "stripe", "github"});
    if (!r.webhook.provider.empty()) {
        r.webhook.event = pick(random, {"push", "invoice.paid"});
        r.webhook.delivery = pick(random, {"evt_1", "evt_2"});
        r.webhook.signature = static_cast<signature_verdict>(below(random, 8));
    }
    r.note.marked = below(random, 5) == 0;
    r.note.comment = pick(random, {"", "Look", "caf\xC3\xA9"});
    return r;
}

}  // namespace tunnel::inspector
