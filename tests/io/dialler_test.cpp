#include "io/dialler.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "support/congestion_control.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::io {
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
    io::dialler dialler{context.get_executor()};
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

#ifdef __linux__
TEST_F(Dialler, OverLoopbackNothingIsSpacedOutInTime) {
    const test::raw_listener listener;
    EXPECT_FALSE(dial({"127.0.0.1", listener.port()}));
    EXPECT_EQ(test::congestion_control_of(dialler.socket().native_handle()), "reno");
}

TEST_F(Dialler, AnywhereElseTheCongestionControlIsTheSystems) {
    const test::raw_listener listener;
    EXPECT_FALSE(dial({"0.0.0.0", listener.port()}));  // gets there, and is no loopback address
    tcp::socket untouched(context, tcp::v4());
    EXPECT_EQ(test::congestion_control_of(dialler.socket().native_handle()),
              test::congestion_control_of(untouched.native_handle()));
}
#endif

TEST_F(Dialler, NobodyListeningIsRefused) {
    EXPECT_EQ(dial({"127.0.0.1", test::refusing_port()}), asio::error::connection_refused);
}

TEST_F(Dialler, ASocketThatMetItselfIsRefusedAndItsPortFree) {
    tcp::socket socket(context, {asio::ip::address_v4::loopback(), 0});
    const auto own = socket.local_endpoint();
    socket.connect(own);
    EXPECT_EQ(refuse_itself(socket), asio::error::connection_refused);
    EXPECT_FALSE(socket.is_open());
    const tcp::acceptor next(context, own, false);  // also where the port may not be in use by an ended connection
}

TEST_F(Dialler, ASocketThatMetAnotherIsKept) {
    const test::raw_listener listener;
    EXPECT_FALSE(dial({"127.0.0.1", listener.port()}));
    EXPECT_FALSE(refuse_itself(dialler.socket()));
    EXPECT_TRUE(dialler.socket().is_open());
}

TEST_F(Dialler, ANameThatIsNoneIsNotFound) { EXPECT_EQ(dial({"no..name", 1}), asio::error::host_not_found); }

TEST_F(Dialler, WhoDoesNotAcceptTimesOut) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 20ms), asio::error::timed_out);
}

TEST_F(Dialler, AnAddressThatDoesNotAnswerLeavesTimeToThoseBehindIt) {
    const test::full_listener dead;
    test::raw_listener listener;
    const auto loopback = asio::ip::address_v4::loopback();
    error_code result = asio::error::in_progress;
    auto body = [&]() -> awaitable<void> {
        std::vector<tcp::endpoint> endpoints{{loopback, dead.port()}, {loopback, listener.port()}};
        result = co_await dialler.dial_each(std::move(endpoints), clock::now() + 500ms);
    };
    asio::co_spawn(context, std::move(body), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
    });
    context.run_for(test::patience);
    EXPECT_FALSE(result) << result.message();
    (void)listener.accept();
}

TEST_F(Dialler, GivenUpDuringTheLookUpItEndsAtOnce) {
    EXPECT_EQ(dial({"no..name", 1}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

TEST_F(Dialler, GivenUpWhileItConnectsItEndsAtOnce) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

}  // namespace
}  // namespace tunnel::io
