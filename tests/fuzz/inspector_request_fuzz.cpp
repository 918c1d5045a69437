#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "inspector/body_capture.hpp"
#include "inspector/history.hpp"
#include "inspector_http/authority.hpp"
#include "inspector_http/guard.hpp"
#include "inspector_http/router.hpp"

// Any bytes as a request to the inspector: a line with method and target, lines of fields, an empty line and a body.
// No request without the token of this run is served, none of another host or origin, and none fails inside.

namespace {

using namespace tunnel::inspector_http;
namespace inspector = tunnel::inspector;

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::string_view token = "0123456789abcdef";

class no_replays : public replayer {
 public:
    std::shared_ptr<void> start(std::vector<inspector::record_id>, replay_options, replay_done done) override {
        done(std::vector<replay_result>{});
        return nullptr;
    }
    std::optional<replay_refusal> watch(inspector::record_id, replay_options) override {
        return replay_refusal{refusal_code::busy, "no"};
    }
    bool unwatch(inspector::record_id) override { return false; }
    std::vector<watch_info> watches() const override { return {}; }
};

class no_status : public status_source {
 public:
    tunnel_status status() const override { return {}; }
};

/// A history with one record, made once.
struct world {
    live_feed feed;
    inspector::history history;
    no_replays replays;
    no_status status;
    services s{history, feed, replays, status, {}};
    guard gate{{4040, std::string(token), {}, false}};

    world() : history(settings(), {}, feed.listener()) {
        auto r = std::make_shared<inspector::record>();
        r->id = 1;
        r->state = inspector::record_state::complete;
        r->request.method = "POST";
        r->request.target = "/hooks?x=1";
        r->request.fields = {{"Content-Type", "application/json"}};
        r->request.body = inspector::copy_body(R"({"a":[1,2]})");
        r->response.status = 200;
        history.put(std::move(r));
        history.flush();
    }
    static inspector::history_settings settings() {
        inspector::history_settings s;
        s.mode = inspector::history_mode::memory;
        return s;
    }
};

request parse(std::string_view text) {
    request r;
    const auto line = [&] {
        const auto end = std::min(text.find('\n'), text.size());
        const auto found = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return found;
    };
    const auto start = line();
    const auto blank = std::min(start.find(' '), start.size());
    r.method = start.substr(0, blank);
    r.target = start.substr(std::min(blank + 1, start.size()));
    for (auto field = line(); !field.empty(); field = line()) {
        const auto colon = std::min(field.find(':'), field.size());
        r.fields.emplace_back(field.substr(0, colon), field.substr(std::min(colon + 1, field.size())));
    }
    r.body = text;
    return r;
}

bool names_token(const request& r) {
    for (const auto& [name, value] : r.fields) {
        if (value.find(token) != std::string::npos) return true;
    }
    return false;
}

/// What was let through keeps the rules, checked by other means than the guard's.
void expect_allowed(const request& r) {
    require(names_token(r));
    const auto host = parse_authority(r.field("Host"));
    require(r.count("Host") == 1 && host && (!host->port || host->port == 4040));
    require(host->host == "localhost" || host->host == "127.0.0.1" || host->host == "[::1]");
    require(!came_through_tunnel(r));
    for (const auto& [name, value] : r.fields) {
        if (name == "Origin") require(parse_origin(value) == host);
    }
}

void expect_response(const response& r) {
    require(r.status >= 200 && r.status < 600 && r.status != 500);
    for (const auto& [name, value] : r.fields) require(value.find_first_of("\r\n") == std::string::npos);
    if (r.content_type == "application/json" && !r.attachment) require(nlohmann::json::accept(r.body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const world w;
    const auto r = parse({reinterpret_cast<const char*>(data), size});
    std::string problem;
    const auto target = parse_target(r.target, problem);
    require(target.has_value() == problem.empty());
    if (!target) return 0;
    if (const auto refused = w.gate.check(r, *target)) {
        expect_response(*refused);
    } else {
        expect_allowed(r);
    }
    // What the guard refuses is handled as well, so that every handler is reached without the token.
    try {
        const auto found = find_route(r.method, target->path);
        check_body_type(r, found.what->body);
        if (found.what->method == "DELETE" || found.what->body == body_kind::import) return 0;  // keep the record
        const auto made = serve(found, r, *target, w.s, 4040);
        if (const auto* whole = std::get_if<response>(&made)) expect_response(*whole);
        if (const auto* stream = std::get_if<body_stream>(&made)) {
            expect_response(stream->head);
            while (stream->next()) {
            }
        }
    } catch (const api_error& error) {
        expect_response(error_response(error));
    }
    return 0;
}
