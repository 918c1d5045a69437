#include "support/sample_app_server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "tunnel/http/field_list.hpp"

namespace tunnel::test {

void gate::pass() {
    if (!passes_.try_acquire_for(time_limit)) throw std::runtime_error("a gate was not opened in time");
}

std::string ok_answer(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

sample_app_server::sample_app_server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, address, &size) != 0) {
        throw std::runtime_error("the sample app cannot listen");
    }
    port_ = ntohs(where.sin_port);
    acceptor_ = std::thread([this] { accept(); });
}

sample_app_server::~sample_app_server() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (auto& c : connections_) {
            if (!c.done) c.socket.shutdown_both();
        }
    }
    for (auto& c : connections_) c.thread.join();
}

void sample_app_server::accept() {
    while (!stopping_) {
        const auto fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++accepted_;
        const std::lock_guard lock(mutex_);
        for (auto c = connections_.begin(); c != connections_.end();) {
            if (c->done) {
                c->thread.join();
                c = connections_.erase(c);
            } else {
                ++c;
            }
        }
        auto& added = connections_.emplace_back(fd, accepted_);
        added.thread = std::thread([this, &added] { serve(added); });
    }
}

void sample_app_server::serve(connection& c) {
    try {
        for (bool more = true; more;) serve_one(c, more);
    } catch (const std::exception&) {
        // The peer left, or waited too long: the test sees it at its own end.
    }
    const std::lock_guard lock(mutex_);
    c.done = true;
    c.socket.close();
}

void sample_app_server::serve_one(connection& c, bool& more) {
    call now{c.socket, {}, true, {}, c.number};
    now.request.head = c.socket.read_head();
    std::size_t place = 0;
    {
        const std::lock_guard lock(mutex_);
        place = seen_.size();
        seen_.push_back(now.request);
    }
    const auto target = now.request.target();
    const auto found = handlers_.find(target.substr(0, target.find('?')));
    const auto& run = found == handlers_.end() ? other_ : found->second;
    now.keep_open = !iequals(now.request.value("Connection"), "close");
    now.note_body = [this, &now, place] {
        const std::lock_guard lock(mutex_);
        seen_[place] = now.request;
    };
    run(now);
    more = now.keep_open;
}

std::vector<http_message> sample_app_server::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

http_message sample_app_server::last_seen() const {
    const std::lock_guard lock(mutex_);
    return seen_.empty() ? http_message{} : seen_.back();
}

std::size_t sample_app_server::count() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
}

void sample_app_server::echo(call& c) {
    c.read_body();
    const auto& body = c.request.body;
    auto answer = "HTTP/1.1 200 OK\r\nX-Method: " + c.request.method() +
                  "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (c.request.method() != "HEAD") answer += body;
    c.reply(answer);
}

void sample_app_server::download(call& c) {
    c.read_body();
    const auto target = c.request.target();
    const auto size = std::stoull(target.substr(target.find('?') + 1));
    c.reply("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    c.socket.send_pattern(size);
}

void sample_app_server::upload(call& c) {
    const auto size = std::stoull(c.request.value("Content-Length"));
    c.socket.read_pattern(size);
    c.reply(ok_answer(std::to_string(size) + " bytes"));
}

}  // namespace tunnel::test
