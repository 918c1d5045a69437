#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "support/http_socket.hpp"

namespace tunnel::test {

/// Lets a handler of the app wait for the test, and the test for the handler.
class gate {
 public:
    void open(std::ptrdiff_t times = 1) { passes_.release(times); }
    /// Waits for one `open`; throws when it takes too long.
    void pass();

 private:
    std::counting_semaphore<> passes_{0};
};

/// A local HTTP app whose every byte is in the hands of the test: one blocking thread a connection. Paths without
/// a handler answer with the body that came.
class sample_app_server {
 public:
    /// One request, its head read, as its handler gets it.
    struct call {
        http_socket& socket;
        http_message request;
        bool keep_open = true;  ///< whether the connection takes another request
        std::function<void()> note_body;
        std::size_t connection = 0;  ///< its number, in order of arrival

        /// The rest of the request; from then on seen() has it.
        void read_body() {
            socket.read_body(request);
            note_body();
        }
        void reply(std::string_view bytes) { socket.send(bytes); }
    };
    using handler = std::function<void(call&)>;

    sample_app_server();
    ~sample_app_server();
    sample_app_server(const sample_app_server&) = delete;
    sample_app_server& operator=(const sample_app_server&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// `path` is compared with the target up to its query. Before the first request.
    void on(const std::string& path, handler run) { handlers_[path] = std::move(run); }
    /// Serves what has no handler of its own.
    void on_any(handler run) { other_ = std::move(run); }

    /// Lives as long as the handlers do, which may outlive the body of a test.
    [[nodiscard]] gate& new_gate() { return gates_.emplace_back(); }

    /// What was received so far, in order of arrival; bodies where the handler read them.
    [[nodiscard]] std::vector<http_message> seen() const;
    [[nodiscard]] http_message last_seen() const;
    [[nodiscard]] std::size_t count() const;
    /// Connections accepted so far.
    [[nodiscard]] std::size_t connections() const noexcept { return accepted_; }

    /// Answers 200 with the request's body; its head is the same through the tunnel and without it, but for Date.
    static void echo(call& c);
    /// `?N`: N bytes of the pattern with their length declared.
    static void download(call& c);
    /// Compares the body with the pattern as it arrives: "N bytes".
    static void upload(call& c);

 private:
    struct connection {
        connection(int fd, std::size_t n) : socket(fd), number(n) {}
        http_socket socket;
        std::size_t number;
        std::thread thread;
        std::atomic<bool> done = false;
    };

    void accept();
    void serve(connection& c);
    void serve_one(connection& c, bool& more);

    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::map<std::string, handler> handlers_;
    handler other_ = echo;
    std::list<gate> gates_;
    mutable std::mutex mutex_;
    std::vector<http_message> seen_;
    std::list<connection> connections_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> accepted_ = 0;
    std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with the body and its length.
[[nodiscard]] std::string ok_answer(std::string_view body);

}  // namespace tunnel::test
