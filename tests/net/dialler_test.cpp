#include "net/dialler.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>

#include "support/raw_peer.hpp"

namespace tunnel::net {
namespace {

using namespace std::chrono_literals;

class Dialler : public testing::Test {
 protected:
    error_code dial(const address& where, std::chrono::milliseconds limit = test::patience,
                    const std::function<void()>& meanwhile = nullptr) {
        error_code result = asio::error::in_progress;
        auto body = [&]() -> awaitable<void> { result = co_await dialler.dial(where, limit); };
        asio::co_spawn(context, std::move(body), [](const std::exception_ptr& error) {
            if (error) std::rethrow_exception(error);
        });
        if (meanwhile) asio::post(context, meanwhile);
        context.run_for(test::patience);
        return result;
    }

    asio::io_context context;
    net::dialler dialler{context.get_executor()};
};

TEST_F(Dialler, AnAddressIsConnectedTo) {
    test::raw_listener listener;
    EXPECT_FALSE(dial({"127.0.0.1", listener.port()}));
    auto accepted = listener.accept();
    dialler.socket().close();
    accepted.expect_closed();
}

TEST_F(Dialler, ANameIsLookedUpAndEachOfItsAddressesTried) {
    test::raw_listener listener;  // localhost may well be ::1 first, where nobody listens
    EXPECT_FALSE(dial({"localhost", listener.port()}));
    (void)listener.accept();
}

TEST_F(Dialler, NobodyListeningIsRefused) {
    EXPECT_EQ(dial({"127.0.0.1", test::refusing_port()}), asio::error::connection_refused);
}

TEST_F(Dialler, ANameThatIsNoneIsNotFound) { EXPECT_EQ(dial({"no..name", 1}), asio::error::host_not_found); }

TEST_F(Dialler, WhoDoesNotAcceptTimesOut) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 20ms), asio::error::timed_out);
}

TEST_F(Dialler, GivenUpDuringTheLookUpItEndsAtOnce) {
    EXPECT_EQ(dial({"no..name", 1}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

TEST_F(Dialler, GivenUpWhileItConnectsItEndsAtOnce) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

}  // namespace
}  // namespace tunnel::net
