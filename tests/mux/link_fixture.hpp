#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "mux/link.hpp"
#include "support/frame_peer.hpp"
#include "support/program_thread.hpp"

namespace tunnel::mux {

/// A link of the client's side on a thread of its own, and a scripted server.
class Link : public testing::Test, public link::owner {
 protected:
    void start() {
        test::raw_listener listener;
        io::tcp::socket socket(program.runtime().new_strand());
        socket.open(io::tcp::v4());
        if (slow) {
            listener.shrink_receive_buffers();
            socket.set_option(io::tcp::socket::send_buffer_size(4096));
        }
        socket.connect({io::asio::ip::address_v4::loopback(), listener.port()});
        own = std::make_shared<link>(std::move(socket), role::client, times);
        peer = std::make_unique<test::frame_peer>(listener.accept());
        auto body = [this]() -> io::awaitable<void> {
            protocol::hello ours;
            ours.window = limits::initial_window;
            ours.max_streams = 10;
            own->send(ours);
            const auto* theirs = co_await own->receive_hello(*this);
            if (theirs == nullptr) {
                co_await own->drain();
                co_return;
            }
            own->start(ours, *theirs);
            co_await own->run(*this);
        };
        io::asio::co_spawn(own->strand(), std::move(body), [](const std::exception_ptr& error) {
            if (error) ADD_FAILURE() << "the link threw";
        });
        program.start();
        (void)peer->receive<protocol::hello>();
    }

    void start_greeted() {
        start();
        peer->say_hello(false, 1024 * 1024);
        peer->leave_first_ping();
    }

    void TearDown() override {
        on_strand([this] { own->close("the test is over"); });
        program.expect_drained(test::patience);
    }

    void on_strand(std::function<void()> run) { io::asio::post(own->strand(), std::move(run)); }

    /// Waits for an iteration of the link's event loop, so that a peer that sends all the time is not ahead by seconds.
    void wait_for_iteration() {
        auto turn = io::asio::post(own->strand(), io::asio::use_future);
        ASSERT_EQ(turn.wait_for(test::patience), std::future_status::ready);
    }

    void on_request(const std::shared_ptr<stream>& s, part<protocol::request> r) override {
        auto opened = s->make_exchange(own->strand());
        if (serving) serving(std::move(opened), *r);
    }
    void on_closed(const protocol::closed_connection& m) override { closed.push_back(m.connection); }
    void on_goaway(const protocol::goaway& m) override { farewell = m.reason; }

    test::program_thread program;
    link_times times;
    bool slow = false;  // the kernel takes little at a time
    std::shared_ptr<link> own;
    std::unique_ptr<test::frame_peer> peer;
    std::function<void(std::shared_ptr<exchange>, const protocol::request&)> serving;
    std::shared_ptr<exchange> open;     // of the latest request, where `serving` keeps it
    std::vector<std::uint64_t> closed;  // public connections, as the server said
    protocol::goaway_reason farewell = protocol::goaway_reason::other;
};

/// A whole response of `size` bytes.
inline protocol::response response_of(std::size_t size) {
    protocol::response whole;
    whole.head.status = 200;
    whole.body.append(std::string(size, 'x'));
    whole.end = true;
    return whole;
}

}  // namespace tunnel::mux
