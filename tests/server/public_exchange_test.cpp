#include "server/public_exchange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "support/captured_log.hpp"
#include "support/connection_fixture.hpp"
#include "support/recording_peer.hpp"
#include "support/tap_peer.hpp"

namespace tunnel::server {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// An exchange whose far end is a peer of the test, in place of a stream to a client. The caller sends the first bytes
/// of its body once that is there.
class exchange_without_tunnel final : public public_exchange {
 public:
    exchange_without_tunnel(std::shared_ptr<caller_connection> on, std::shared_ptr<client_slot> empty,
                            const options& settings, http::received_request& request,
                            std::shared_ptr<mux::exchange_peer> far_end, test::raw_peer& caller)
        : public_exchange(std::move(on), std::move(empty), settings, request),
          far_end_(std::move(far_end)),
          caller_(caller) {}

    void refused(mux::failure /*why*/) override {
        opened(std::make_shared<mux::exchange>(strand(), far_end_), {});
        caller_.send("0123456789");
    }

 private:
    std::shared_ptr<mux::exchange_peer> far_end_;
    test::raw_peer& caller_;
};

class PublicExchange : public test::connection_fixture {
 protected:
    ~PublicExchange() override {
        on->deadline.stop();
        own->close();
    }

    /// A POST whose body is still to come, served until its end.
    void serve(std::shared_ptr<mux::exchange_peer> to) {
        request.head.method = "POST";
        request.head.target = "/";
        request.head.content_length = 1000;
        request.body = http::body_kind::length;
        const auto slot = std::make_shared<client_slot>(own->strand(), 1);
        const auto exchange =
            std::make_shared<exchange_without_tunnel>(on, slot, settings, request, std::move(to), *peer);
        run([exchange]() -> io::awaitable<void> { return exchange->run(); });
    }

    test::captured_log log;
    options settings;
    http::received_request request;
    std::shared_ptr<caller_connection> on = std::make_shared<caller_connection>(own, 1, [] {});
    std::shared_ptr<test::recording_peer> far_end = std::make_shared<test::recording_peer>();
};

TEST_F(PublicExchange, AnInternalErrorInTheBodyOfARequestEndsItAtOnce) {
    const auto sent = [](const mux::outgoing& part) {
        if (std::holds_alternative<protocol::data>(part)) throw std::runtime_error("a bug");
    };
    serve(std::make_shared<test::tap_peer>(far_end, sent));
    const auto head = peer->read_until("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
    EXPECT_THAT(head, HasSubstr("X-Tunnel-Error: internal-error\r\n"));
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(far_end->calls(), ElementsAre("cancel other"));
    EXPECT_FALSE(on->keep_open);
    log.expect_lines_with("upload ended by an internal error: a bug", 1);
}

}  // namespace

}  // namespace tunnel::server
