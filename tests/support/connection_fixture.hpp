#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include "io/connection.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

/// A connection in this thread, its peer on blocking sockets beside it.
class connection_fixture : public testing::Test {
 protected:
    connection_fixture() { connect(); }

    enum class peer_takes : std::uint8_t { much, little };

    void connect(std::size_t input_limit = 65536, std::chrono::milliseconds write_stall = std::chrono::milliseconds{0},
                 peer_takes takes = peer_takes::much) {
        raw_listener listener;
        if (takes == peer_takes::little) listener.shrink_receive_buffers();
        io::tcp::socket socket(context);
        socket.connect({io::asio::ip::address_v4::loopback(), listener.port()});
        peer = std::make_unique<raw_peer>(listener.accept());
        own = std::make_shared<io::connection>(std::move(socket), input_limit, write_stall);
        own->start();
    }

    /// Runs a coroutine to its end, or fails.
    template <class Body>
    void run(Body body) {
        bool ended = false;
        std::exception_ptr thrown;
        io::asio::co_spawn(context, std::move(body), [&](const std::exception_ptr& error) {
            thrown = error;
            ended = true;
        });
        context.restart();
        const auto until = io::clock::now() + patience;
        while (!ended && io::clock::now() < until) context.run_one_for(std::chrono::milliseconds{100});
        ASSERT_TRUE(ended) << "still waiting";
        if (thrown) std::rethrow_exception(thrown);
    }

    io::asio::io_context context;
    std::unique_ptr<raw_peer> peer;
    std::shared_ptr<io::connection> own;
};

}  // namespace tunnel::test
