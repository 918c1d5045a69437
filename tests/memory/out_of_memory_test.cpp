#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "client/client.hpp"
#include "io/memory_reserve.hpp"
#include "memory/scarce_memory.hpp"
#include "server/server.hpp"
#include "support/frame_peer.hpp"
#include "support/http_socket.hpp"
#include "support/program_thread.hpp"
#include "support/sample_app_server.hpp"

/// Memory runs out at every single place where server and client ask for it, one after the other. What was under way
/// may fail; afterwards a request is served, and both programs end when they are told to.
namespace tunnel::test {
namespace {

constexpr std::size_t body_size = 300'000;

/// Server and client on one thread, which is the one that is refused memory.
class scarce_tunnel {
 public:
    explicit scarce_tunnel(std::uint16_t app_port) {
        server_options_.http_addr = {"127.0.0.1", 0};
        server_options_.tcp_addr = {"127.0.0.1", 0};
        server_ = std::make_shared<server::server>(program_.runtime(), server_options_);
        server_->start();
        client_options_.local_port = app_port;
        client_options_.server_addr = server_->tcp_address();
        client_ = std::make_shared<client::client>(program_.runtime(), client_options_, [](const std::string&) {});
        client_->start();
        io::asio::post(program_.runtime().context(), [] { scarce_memory::watch_this_thread(); });
    }

    void run() { program_.start(); }

    [[nodiscard]] http_socket call() const { return http_socket::connect(server_->http_address().port); }

    [[nodiscard]] bool serves() const {
        auto caller = call();
        caller.send("GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        return caller.read_message().status() == 200;
    }

    /// Whether a request is served before too long.
    [[nodiscard]] bool serves_again() const {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < until) {
            try {
                if (serves()) return true;
            } catch (const peer_left&) {
            }
        }
        return false;
    }

    void stop() {
        client_->stop();
        client_->stop();
        server_->stop();
        server_->stop();
    }

    void expect_drained() { program_.expect_drained(time_limit); }

 private:
    server::options server_options_;
    client::options client_options_;
    program_thread program_;
    std::shared_ptr<server::server> server_;
    std::shared_ptr<client::client> client_;
};

class OutOfMemory : public testing::Test {
 protected:
    OutOfMemory() {
        spdlog::set_level(spdlog::level::err);
        app.on("/download", sample_app_server::download);
        app.on("/upload", sample_app_server::upload);
        app.on("/long-head", [](sample_app_server::call& c) {
            c.reply("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\nContent-Length: 0\r\n\r\n");
        });
        app.on("/two-writes", [](sample_app_server::call& c) {
            c.reply("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
            c.reply("body");
        });
        app.on("/talk", [](sample_app_server::call& c) {
            c.reply("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
            for (auto octets = c.socket.read_some(); !octets.empty(); octets = c.socket.read_some()) c.reply(octets);
            c.keep_open = false;
        });
        if (scarce_memory::possible) io::keep_memory_reserve();
    }
    ~OutOfMemory() override { scarce_memory::give_back(); }

    void SetUp() override {
        if (!scarce_memory::possible) GTEST_SKIP() << "a sanitizer has the memory in its hands";
    }

    /// Requests of every kind; each may fail, but ends.
    static void use(const scarce_tunnel& tunnel) {
        const auto attempt = [&](auto run) {
            try {
                auto caller = tunnel.call();
                run(caller);
            } catch (const peer_left&) {
            }
        };
        attempt([](http_socket& caller) {
            for (int i = 0; i < 2; ++i) {
                caller.send("GET /hook HTTP/1.1\r\nHost: a\r\n\r\n");
                (void)caller.read_message();
            }
        });
        attempt([](http_socket& caller) {
            caller.send("GET /two-writes HTTP/1.1\r\nHost: a\r\n\r\n");
            const auto answer = caller.read_message();
            EXPECT_TRUE(answer.status() != 200 || answer.body == "body") << "a wrong octet";
        });
        attempt([](http_socket& caller) {
            caller.send("GET /long-head HTTP/1.1\r\nHost: a\r\n\r\n");
            (void)caller.read_message();
        });
        attempt([](http_socket& caller) {
            caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body_size) +
                        "\r\n\r\n");
            caller.send_pattern(body_size);
            (void)caller.read_message();
        });
        attempt([](http_socket& caller) {
            caller.send("GET /download?" + std::to_string(body_size) + " HTTP/1.1\r\nHost: a\r\n\r\n");
            const auto answer = caller.read_message();
            EXPECT_TRUE(answer.status() != 200 || answer.body == pattern_text(body_size)) << "a wrong octet";
        });
        attempt([](http_socket& caller) {
            caller.send("GET /talk HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
            if (!caller.read_head().starts_with("HTTP/1.1 101")) return;
            caller.send("hello");
            EXPECT_EQ(caller.read_exactly(5), "hello");
            caller.shutdown_send();
            (void)caller.read_to_end();
        });
        attempt([](http_socket& caller) {
            caller.send("GET /download?100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            (void)caller.read_head();  // and leaves
        });
    }

    /// Calls `run` with a tunnel, again and again: each time `count` allocations fail, from one that is `step` further
    /// on, until none is left to fail.
    void at_every_allocation(std::size_t count, std::size_t step, const std::function<void(scarce_tunnel&)>& ahead,
                             const std::function<void(scarce_tunnel&)>& scarce) {
        // One place alone, to look into a failure.
        const auto* only = std::getenv("TUNNEL_TEST_ALLOCATION");
        for (std::size_t first = only == nullptr ? 0 : std::strtoul(only, nullptr, 10);; first += step) {
            SCOPED_TRACE(std::to_string(count) + " from allocation " + std::to_string(first));
            scarce_tunnel tunnel(app.port());
            ahead(tunnel);
            scarce_memory::refuse(first, count);
            ASSERT_NO_THROW(scarce(tunnel));
            const auto made = scarce_memory::give_back();
            bool serves = false;
            ASSERT_NO_THROW(serves = tunnel.serves_again());
            ASSERT_TRUE(serves) << "nothing is served any more";
            tunnel.stop();
            tunnel.expect_drained();
            if (HasFatalFailure() || HasNonfatalFailure()) return;
            if (made <= first || only != nullptr) {
                RecordProperty("allocations", static_cast<int>(made));
                return;
            }
        }
    }

    static void start_and_use_once(scarce_tunnel& tunnel) {
        tunnel.run();
        ASSERT_TRUE(tunnel.serves_again());
    }

    sample_app_server app;
};

TEST_F(OutOfMemory, AtEveryAllocationOfRequestsOneIsServedAfterwards) {
    at_every_allocation(1, 1, start_and_use_once, use);
}

TEST_F(OutOfMemory, ForAFewAllocationsOfRequestsOneIsServedAfterwards) {
    at_every_allocation(4, 3, start_and_use_once, use);
}

TEST_F(OutOfMemory, ForMoreThanTheReserveHelpsOneIsServedAfterwards) {
    at_every_allocation(100, 11, start_and_use_once, use);
}

TEST_F(OutOfMemory, WhileTheClientConnectsARequestIsServedAfterwards) {
    const auto nothing = [](scarce_tunnel&) {};
    const auto start = [](scarce_tunnel& tunnel) {
        tunnel.run();
        try {
            (void)tunnel.serves();
        } catch (const peer_left&) {
        }
    };
    at_every_allocation(1, 1, nothing, start);
}

TEST_F(OutOfMemory, WithNothingLeftForAWhileARequestIsServedAfterwards) {
    scarce_tunnel tunnel(app.port());
    start_and_use_once(tunnel);
    for (int round = 0; round < 3; ++round) {
        scarce_memory::refuse_all();
        std::vector<http_socket> callers;
        for (int i = 0; i < 50; ++i) {
            try {
                callers.push_back(tunnel.call());
                callers.back().send("GET /download?100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            } catch (const peer_left&) {
                continue;
            }
        }
        const auto until = std::chrono::steady_clock::now() + time_limit;
        while (scarce_memory::refused() == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        EXPECT_GT(scarce_memory::refused(), 0U);
        callers.clear();
        scarce_memory::give_back();
        ASSERT_TRUE(tunnel.serves_again()) << "nothing is served any more";
    }
    tunnel.stop();
    tunnel.expect_drained();
}

TEST_F(OutOfMemory, AtEveryAllocationOfAStopBothProgramsEnd) {
    for (const std::size_t count : {1U, 30U}) {
        for (std::size_t first = 0;; ++first) {
            SCOPED_TRACE(std::to_string(count) + " from allocation " + std::to_string(first));
            scarce_tunnel tunnel(app.port());
            start_and_use_once(tunnel);
            auto in_flight = tunnel.call();
            in_flight.send("GET /download?100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            (void)in_flight.read_head();
            scarce_memory::refuse(first, count);
            tunnel.stop();
            tunnel.expect_drained();
            const auto made = scarce_memory::give_back();
            if (HasFatalFailure() || HasNonfatalFailure()) return;
            if (made <= first) break;
        }
    }
}

/// Whether it hears that it is the active client.
bool becomes_active(frame_peer& client) {
    try {
        client.say_hello();
        (void)client.receive<protocol::hello>();
        return true;
    } catch (const peer_error&) {
        return false;
    }
}

TEST_F(OutOfMemory, AtEveryAllocationOfATakeoverTheReplacedClientHearsOfIt) {
    // One, and more and more, until the reserve is used up.
    for (std::size_t count = 1; count < 60; count += 3) {
        for (std::size_t first = 0;; ++first) {
            SCOPED_TRACE(std::to_string(count) + " from allocation " + std::to_string(first));
            program_thread program;
            server::options options;
            options.http_addr = {"127.0.0.1", 0};
            options.tcp_addr = {"127.0.0.1", 0};
            const auto server = std::make_shared<server::server>(program.runtime(), options);
            server->start();
            io::asio::post(program.runtime().context(), [] { scarce_memory::watch_this_thread(); });
            program.start();
            auto replaced = frame_peer::active_client(server->tcp_address().port);
            scarce_memory::refuse(first, count);
            frame_peer newest{raw_peer(server->tcp_address().port)};
            const auto active = becomes_active(newest);
            const auto made = scarce_memory::give_back();
            if (active) {
                EXPECT_NO_THROW(replaced.expect_end()) << "it believes that it is the active one";
            }
            server->stop();
            server->stop();
            program.expect_drained(time_limit);
            if (HasFatalFailure() || HasNonfatalFailure()) return;
            if (made <= first) break;
        }
    }
}

}  // namespace
}  // namespace tunnel::test
