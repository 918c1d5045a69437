#include "support/client_fixture.hpp"

#include <utility>

#include "tunnel/base/limits.hpp"

namespace tunnel::test {

client_fixture::~client_fixture() {
    if (!program_) return;
    client_->stop();
    client_->stop();
    program_->expect_drained(patience);
    if (!HasFailure()) return;
    for (const auto& line : log.lines()) std::fprintf(stderr, "log: %s\n", line.c_str());
}

void client_fixture::start() {
    settings.server_addr = {"127.0.0.1", listener.port()};
    if (settings.local_port == client::options{}.local_port) settings.local_port = app.port();
    program_ = std::make_unique<program_thread>();
    auto say = [this](const std::string& line) {
        const std::lock_guard lock(mutex_);
        said_.push_back(line);
        changed_.notify_all();
    };
    client_ = std::make_shared<client::client>(program_->runtime(), settings, say, times);
    client_->on_ended([this](int code) {
        const std::lock_guard lock(mutex_);
        exit_code_ = code;
    });
    client_->start();
    program_->start();
}

int client_fixture::expect_drained() {
    program_->expect_drained(patience);
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(exit_code_) << "on_ended was not called";
    return exit_code_.value_or(-1);
}

frame_peer client_fixture::accept_active() {
    auto server = accept();
    (void)server.receive<protocol::hello>();
    server.say_hello(false);
    server.leave_first_ping();
    return server;
}

frame_peer client_fixture::started() {
    start();
    return accept_active();
}

raw_peer client_fixture::asked(frame_peer& server, protocol::stream_id id, std::uint64_t number) {
    server.on_connection(number);
    server.request(id, request_head("GET", "/" + std::to_string(id)));
    auto local = app.accept();
    EXPECT_TRUE(read_head(local).starts_with("GET /" + std::to_string(id) + " "));
    return local;
}

raw_peer client_fixture::served_once(frame_peer& server, protocol::stream_id id, std::uint64_t number) {
    auto local = asked(server, id, number);
    local.send(answer("ok"));
    expect_response(server, id, "ok");
    expect_kept(local);
    return local;
}

void client_fixture::expect_kept(raw_peer& local) {
    // Its response may be out while another thread has not yet concluded the request. The line is logged then.
    const auto before = request_lines_.size();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (request_lines().size() == before) {
        ASSERT_TRUE(local.stays_silent(1ms));
        ASSERT_LT(std::chrono::steady_clock::now(), until) << "the request is not over";
    }
    EXPECT_TRUE(local.stays_silent(20ms));
}

void client_fixture::expect_response(frame_peer& server, protocol::stream_id id, std::string_view body) {
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.id, id);
    EXPECT_EQ(response.head.status, 200U) << response.body.view();
    EXPECT_EQ(response.body.view(), body);
    EXPECT_TRUE(response.end);
}

http::request_head client_fixture::with_length(std::string_view method, std::string_view target, std::uint64_t length,
                                               const lines& fields) {
    auto head = request_head(method, target, fields);
    head.content_length = length;
    return head;
}

const std::vector<std::string>& client_fixture::request_lines() {
    for (auto& line : request_log()) request_lines_.push_back(std::move(line));
    return request_lines_;
}

std::vector<std::string> client_fixture::said(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return said_.size() >= n; });
    return said_;
}

}  // namespace tunnel::test
