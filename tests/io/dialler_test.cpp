#include "io/dialler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/congestion_control.hpp"
#include "support/raw_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {
namespace {

using namespace std::chrono_literals;

class Dialler : public testing::Test {
 protected:
    static tcp::endpoint at(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

    template <class Dial>
    error_code run(Dial dial) {
        error_code result = asio::error::in_progress;
        auto body = [&]() -> awaitable<void> { result = co_await dial(); };
        asio::co_spawn(context, std::move(body), [](const std::exception_ptr& error) {
            if (error) std::rethrow_exception(error);
        });
        context.restart();
        context.run_for(test::patience);
        EXPECT_TRUE(context.stopped()) << "something is left to wait for";
        return result;
    }

    error_code dial_each(const std::vector<tcp::endpoint>& endpoints,
                         const std::shared_ptr<last_good_endpoint>& memory = nullptr,
                         std::chrono::milliseconds limit = test::patience) {
        io::dialler once(context.get_executor(), memory);
        return run([&] { return once.dial_each(endpoints, clock::now() + limit); });
    }

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

TEST_F(Dialler, APortWithoutListenerIsRefused) {
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

TEST_F(Dialler, AMalformedNameIsNotFoundAndSaidToBeSo) {
    EXPECT_EQ(dial({"no..name", 1}), asio::error::host_not_found);
    EXPECT_THAT(dialler.tried(), testing::StartsWith("no..name (Host not found"));
}

TEST_F(Dialler, APeerThatDoesNotAcceptTimesOut) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 20ms), asio::error::timed_out);
}

TEST_F(Dialler, AnAddressThatDoesNotAnswerDelaysTheOthersOnlyBriefly) {
    const test::full_listener dead;
    test::raw_listener listener;
    const auto begun = clock::now();
    EXPECT_FALSE(dial_each({at(dead.port()), at(dead.port()), at(listener.port())}));
    EXPECT_GE(clock::now() - begun, 2 * limits::dial_stagger);
    EXPECT_LT(clock::now() - begun, 2 * limits::dial_stagger + 1s);
    (void)listener.accept();
}

TEST_F(Dialler, AnAddressThatRefusesDelaysTheOthersNotAtAll) {
    test::raw_listener listener;
    std::vector<tcp::endpoint> endpoints(8, at(test::refusing_port()));
    endpoints.push_back(at(listener.port()));
    const auto begun = clock::now();
    EXPECT_FALSE(dial_each(endpoints));
    EXPECT_LT(clock::now() - begun, limits::dial_stagger);
    (void)listener.accept();
}

TEST_F(Dialler, TheOneThatWasReachedLastIsTriedFirst) {
    const auto memory = std::make_shared<last_good_endpoint>();
    const test::full_listener dead;
    test::raw_listener listener;
    const std::vector<tcp::endpoint> endpoints{at(dead.port()), at(listener.port())};
    EXPECT_FALSE(dial_each(endpoints, memory));
    const auto begun = clock::now();
    EXPECT_FALSE(dial_each(endpoints, memory));
    EXPECT_LT(clock::now() - begun, limits::dial_stagger);
    listener.close();
    EXPECT_EQ(dial_each(endpoints, memory, 20ms), asio::error::timed_out) << "the others are tried too";
}

TEST_F(Dialler, EachDestinationOfAListIsTriedAndNamed) {
    const auto port = test::refusing_port();
    std::vector<address> both{{"127.0.0.1", port}, {"::1", port}};
    EXPECT_EQ(run([&] { return dialler.dial(both, test::patience); }), asio::error::connection_refused);
    ASSERT_EQ(dialler.failures().size(), 2U);
    EXPECT_THAT(dialler.tried(), testing::StartsWith("127.0.0.1:" + std::to_string(port) +
                                                     " (Connection refused), [::1]:" + std::to_string(port) + " ("));
}

TEST_F(Dialler, TheSecondDestinationServesWhereTheFirstRefuses) {
    test::raw_listener listener;
    std::vector<address> both{{"127.0.0.1", test::refusing_port()}, {"127.0.0.1", listener.port()}};
    EXPECT_FALSE(run([&] { return dialler.dial(both, test::patience); }));
    (void)listener.accept();
}

TEST_F(Dialler, DroppedWithItsEventLoopItLeavesNothingBehind) {
    const test::full_listener dead;
    std::unique_ptr<io::dialler> dropped;
    {
        asio::io_context other;
        dropped = std::make_unique<io::dialler>(other.get_executor());
        auto body = [&]() -> awaitable<void> {
            std::vector<tcp::endpoint> endpoints(1, at(dead.port()));
            (void)co_await dropped->dial_each(std::move(endpoints), clock::now() + 1h);
            ADD_FAILURE() << "it should be dropped";
        };
        asio::co_spawn(other, std::move(body), asio::detached);
        other.poll();
        dropped.reset();
        other.poll();
    }
}

TEST(InterleaveFamilies, TakesTurnsBeginningWithTheFirst) {
    const auto endpoints = [](const std::vector<std::string>& addresses) {
        std::vector<tcp::endpoint> all;
        for (const auto& text : addresses) all.emplace_back(asio::ip::make_address(text), 1);
        return all;
    };
    EXPECT_EQ(interleave_families(endpoints({"::1", "::2", "::3", "1.1.1.1", "2.2.2.2"})),
              endpoints({"::1", "1.1.1.1", "::2", "2.2.2.2", "::3"}));
    EXPECT_EQ(interleave_families(endpoints({"1.1.1.1", "::1"})), endpoints({"1.1.1.1", "::1"}));
    EXPECT_EQ(interleave_families({}), endpoints({}));
    const std::vector<std::string> many(1000, "::1");
    EXPECT_EQ(interleave_families(endpoints(many)).size(), limits::dialled_addresses);
}

TEST_F(Dialler, CancelledDuringTheLookUpItEndsAtOnce) {
    EXPECT_EQ(dial({"no..name", 1}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

TEST_F(Dialler, CancelledWhileItConnectsItEndsAtOnce) {
    test::full_listener listener;
    EXPECT_EQ(dial({"127.0.0.1", listener.port()}, 1h, [this] { dialler.cancel(); }), asio::error::operation_aborted);
}

}  // namespace
}  // namespace tunnel::io
