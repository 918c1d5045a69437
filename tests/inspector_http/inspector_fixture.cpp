#include "inspector_http/inspector_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "inspector/body_capture.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

history_settings in_memory() {
    history_settings settings;
    settings.mode = history_mode::memory;
    return settings;
}

server_options on_port_0(server_options options) {
    if (!options.listen) options.listen = address{"127.0.0.1", 0};
    return options;
}

}  // namespace

std::vector<scripted_replayer::start_call> scripted_replayer::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::shared_ptr<void> scripted_replayer::start(std::vector<record_id> ids, replay_options options, replay_done done) {
    replay_outcome result = std::vector<replay_result>{};
    if (outcome) {
        result = outcome(ids, options);
    } else {
        for (const auto id : ids) {
            std::get<0>(result).push_back({id + 1, id, 200, std::chrono::milliseconds(5), true, false, {}, {}});
        }
    }
    std::unique_lock lock(mutex_);
    calls_.push_back({std::move(ids), std::move(options)});
    if (!holds) {
        lock.unlock();
        done(std::move(result));
        return nullptr;
    }
    held_.emplace_back([done = std::move(done), result = std::move(result)] { done(result); });
    changed_.notify_all();
    return {this, [](scripted_replayer* self) {
                const std::lock_guard at_end(self->mutex_);
                ++self->cancelled_;
                self->changed_.notify_all();
            }};
}

void scripted_replayer::finish_held() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, test::time_limit, [&] { return !held_.empty(); }));
    const auto done = std::move(held_.back());
    held_.pop_back();
    lock.unlock();
    done();
}

bool scripted_replayer::wait_for_cancel() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, test::time_limit, [&] { return cancelled_ > 0; });
}

std::optional<replay_refusal> scripted_replayer::watch(record_id id, replay_options) {
    unwatch(id);
    const std::lock_guard lock(mutex_);
    watches_.push_back({id, noon(), 0});
    return std::nullopt;
}

bool scripted_replayer::unwatch(record_id id) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(watches_, [&](const auto& w) { return w.id == id; }) > 0;
}

std::vector<watch_info> scripted_replayer::watches() const {
    const std::lock_guard lock(mutex_);
    return watches_;
}

fixed_status::fixed_status() {
    value.state = tunnel_state::up;
    value.public_url = "https://app.example.dev";
    value.forwarding_to = "http://127.0.0.1:3000";
    value.server = "tunnel.example.dev:7000";
    value.since = noon();
    value.app = app_state::up;
}

fixed_stub::fixed_stub() {
    value.file = "stub.json";
    value.read_at = noon();
    value.rules = {{.filter = "", .always = false, .responds = "the challenge of zoom", .responses = 3},
                   {.filter = "path:/health", .always = true, .responds = "status 200, a body", .responses = 0}};
}

std::vector<fault_info> scripted_faults::faults() const {
    const std::lock_guard lock(mutex_);
    return all_;
}

std::variant<fault_info, std::string> scripted_faults::add(const std::string& rule,
                                                           std::optional<std::chrono::milliseconds> lasts) {
    const std::lock_guard lock(mutex_);
    if (rule == "bad") return "a rule is not bad";
    fault_info added;
    added.id = ++last_;
    added.rule = rule;
    if (lasts) added.ends_at = time_point(*lasts);
    all_.push_back(added);
    return added;
}

bool scripted_faults::remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(all_, [id](const fault_info& one) { return one.id == id; }) > 0;
}

void scripted_faults::clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
}

InspectorHttp::InspectorHttp(server_options options) : history(in_memory(), {}, feed.listener()) {
    server_ = std::make_unique<server>(services{history, feed, replays, status, {}, &faults, &stub},
                                       on_port_0(std::move(options)));
}

InspectorHttp::~InspectorHttp() { server_->stop(); }

record InspectorHttp::fresh() {
    auto r = sample_record(history.next_id());
    r.arrived = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    r.parent = 0;
    r.origin = record_origin::live;
    r.note = {};
    r.labels.clear();
    r.messages.clear();
    r.events.clear();
    r.messages_dropped = 0;
    return r;
}

void InspectorHttp::put(record r) { history.put(std::make_shared<const record>(std::move(r))); }

record_id InspectorHttp::keep(const std::function<void(record&)>& change) {
    auto r = fresh();
    if (change) change(r);
    const auto id = r.id;
    put(std::move(r));
    history.flush();
    return id;
}

std::string InspectorHttp::slow_filter() {
    std::string filter = "method:SLOW";
    for (int i = 0; i < 25; ++i) filter += " -reqbody~/(a+)+$/";
    return filter;
}

void InspectorHttp::keep_slow_records() {
    for (std::size_t i = 0; i < slow_records; ++i) {
        auto r = fresh();
        r.request.method = "SLOW";
        r.request.body = copy_body(std::string(40, 'a') + "!");
        put(std::move(r));
    }
    history.flush();
}

std::string InspectorHttp::head(std::string_view method, std::string_view target, std::string_view fields) const {
    std::string text(method);
    text += " ";
    text += target;
    text += " HTTP/1.1\r\nHost: " + host() + "\r\nAuthorization: Bearer " + server_->token() + "\r\n";
    text += fields;
    return text + "\r\n";
}

api_response InspectorHttp::send_raw(std::string_view bytes, bool to_head) const {
    auto socket = connect();
    socket.send(bytes);
    api_response result;
    result.message = socket.read_message(to_head);
    result.status = result.message.status();
    result.json = nlohmann::json::parse(result.message.body, nullptr, false);
    if (result.json.is_discarded()) result.json = nullptr;
    return result;
}

api_response InspectorHttp::ask(std::string_view method, std::string_view target) const {
    return send_raw(head(method, target));
}

api_response InspectorHttp::send_json(std::string_view method, std::string_view target, std::string_view body) const {
    const auto fields = "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    return send_raw(head(method, target, fields) + std::string(body));
}

event_reader::event_reader(test::http_socket from, const std::string& head) : socket(std::move(from)) {
    socket.send(head);
    response.head = socket.read_head();
}

// Each event is one block; a block ends in an empty line. Chunks end anywhere.
std::string event_reader::read_block() {
    for (;;) {
        const auto end = text_.find("\n\n");
        if (end != std::string::npos) {
            auto block = text_.substr(0, end + 1);
            text_.erase(0, end + 2);
            return block;
        }
        const auto line = socket.read_until("\r\n");
        text_ += socket.read_exactly(std::stoul(line, nullptr, 16));
        EXPECT_EQ(socket.read_exactly(2), "\r\n");
    }
}

event_reader::event event_reader::next() {
    for (;;) {
        const auto block = read_block();
        if (block.starts_with(':')) continue;
        event result;
        std::size_t at = 0;
        while (at < block.size()) {
            const auto end = block.find('\n', at);
            const auto line = block.substr(at, end - at);
            at = end + 1;
            if (line.starts_with("id: ")) result.id = std::stoull(line.substr(4));
            if (line.starts_with("event: ")) result.name = line.substr(7);
            if (line.starts_with("data: ")) result.data = nlohmann::json::parse(line.substr(6));
        }
        return result;
    }
}

event_reader::event event_reader::next(std::string_view name) {
    for (;;) {
        auto result = next();
        if (result.name == name) return result;
    }
}

}  // namespace tunnel::inspector_http
