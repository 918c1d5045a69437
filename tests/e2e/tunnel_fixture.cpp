#include "e2e/tunnel_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.hpp"
#include "base/platform.hpp"

namespace tunnel::test {

namespace {

unsigned test_threads() {
    const auto* text = std::getenv("TUNNEL_TEST_THREADS");
    return text == nullptr ? 1U : static_cast<unsigned>(std::max(1, std::atoi(text)));
}

}  // namespace

void counter::add() {
    const std::lock_guard lock(mutex_);
    ++value_;
    changed_.notify_all();
}

unsigned counter::value() const {
    const std::lock_guard lock(mutex_);
    return value_;
}

bool counter::reaches(unsigned at_least, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return value_ >= at_least; });
}

client_handle::client_handle(io::runtime& rt, const client::options& settings, client::exchange_tap* tap,
                             client::exchange_gate* detours)
    : client_(std::make_shared<client::client>(rt, settings, [this](const std::string&) { connected_.add(); })) {
    client_->on_ended([this](int code) {
        exit_code_ = code;
        ended_.add();
    });
    client_->observe(tap);
    client_->gate(detours);
    client_->start();
}

TunnelTest::TunnelTest() {
    ignore_sigpipe();
    raise_file_limit();
    const auto* level = std::getenv("TUNNEL_TEST_LOG");
    spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));

    server_options.http_addr = {"127.0.0.1", 0};
    server_options.tcp_addr = {"127.0.0.1", 0};
    client_options.local_port = app.port();
    if (std::getenv("TUNNEL_TEST_COMPRESS") != nullptr) client_options.compress = client::compress_mode::on;
    runtime_.emplace(test_threads());
    work_.emplace(runtime_->context().get_executor());
    thread_ = std::thread([this] {
        runtime_->run();
        thread_ended_.add();
    });
}

TunnelTest::~TunnelTest() { finish(); }

void TunnelTest::finish() {
    if (!thread_.joinable()) return;
    for (auto& c : clients_) {
        c.stop();
        c.stop();
    }
    if (server_) end_server(2);
    work_.reset();
    if (!thread_ended_.reaches(1)) {
        // Nothing left to wait for, yet something waits: a coroutine, timer or socket was forgotten.
        std::fputs("the io_context did not drain\n", stderr);
        std::abort();
    }
    thread_.join();
}

void TunnelTest::start_server() {
    server_ = std::make_shared<server::server>(*runtime_, server_options);
    server_ended_ = std::make_shared<counter>();
    server_->on_ended([ended = server_ended_] { ended->add(); });
    server_->start();
    server_options.http_addr.port = server_->http_address().port;
    server_options.tcp_addr.port = server_->tcp_address().port;
}

void TunnelTest::start() {
    start_server();
    ASSERT_TRUE(add_client().connected());
}

void TunnelTest::end_server(int signals) {
    for (int i = 0; i < signals; ++i) server_->stop();
    EXPECT_TRUE(server_ended_->reaches(1)) << "the server did not end";
    old_servers_.push_back(std::exchange(server_, nullptr));
}

void TunnelTest::stop_server() { end_server(1); }

void TunnelTest::kill_server() { end_server(2); }

client_handle& TunnelTest::add_client() {
    client_options.server_addr = server_options.tcp_addr;
    return clients_.emplace_back(*runtime_, client_options, tap, detours);
}

void TunnelTest::stop_client(client_handle& c) {
    c.stop();
    EXPECT_TRUE(c.ended()) << "the client did not end";
    EXPECT_EQ(c.exit_code(), 0);
}

http_message TunnelTest::ask(std::string_view request) const {
    auto socket = call();
    socket.send(request);
    return socket.read_message(request.starts_with("HEAD "));
}

http_message TunnelTest::get(const std::string& target) const {
    return ask("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

std::string forwarded(std::string_view start_line, std::string_view fields, std::string_view host,
                      std::string_view framing) {
    std::string head(start_line);
    head += "\r\n";
    head += fields;
    head += "Via: 1.1 tunnel\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ";
    head += host;
    head += "\r\n";
    head += framing;
    head += "\r\n";
    return head;
}

std::string without_date(std::string head) {
    const auto from = head.find("\r\nDate: ");
    if (from != std::string::npos) head.erase(from, head.find("\r\n", from + 2) - from);
    return head;
}

namespace {

std::size_t status_kib(std::string_view name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
    }
    return 0;
}

}  // namespace

std::size_t resident_kib() { return status_kib("VmRSS:"); }

std::size_t peak_kib() { return status_kib("VmHWM:"); }

void forget_peak() { std::ofstream("/proc/self/clear_refs") << '5'; }

std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace tunnel::test
