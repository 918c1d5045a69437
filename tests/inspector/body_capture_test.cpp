#include "inspector/body_capture.hpp"

#include <gtest/gtest.h>

namespace tunnel::inspector {
namespace {

TEST(BodyCapture, TheDigestIsOfTheWholeBodyHoweverItWasCut) {
    for (std::size_t step = 1; step <= 3; ++step) {
        body_capture capture(2);
        for (std::string_view rest = "abc"; !rest.empty(); rest.remove_prefix(std::min(step, rest.size()))) {
            capture.append(rest.substr(0, step));
        }
        const auto body = capture.take();
        EXPECT_EQ(body.bytes, "ab");
        EXPECT_EQ(body.length, 3U);
        EXPECT_TRUE(body.truncated());
        EXPECT_EQ(to_hex(body.sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

TEST(BodyCapture, TheDigestOfABodyThatIsLongAndCutIsNotKnown) {
    const std::string part(1 << 20, 'x');
    body_capture capture(2);
    for (std::uint64_t bytes = 0; bytes < limits::hashed_body; bytes += part.size()) capture.append(part);
    EXPECT_TRUE(has_digest(capture.copy()));
    capture.append("x");
    const auto body = capture.take();
    EXPECT_EQ(body.length, limits::hashed_body + 1);
    EXPECT_FALSE(has_digest(body));
    EXPECT_EQ(same_body(body, body), std::nullopt);
    EXPECT_EQ(same_body(body, copy_body("xx")), false);
}

TEST(BodyCapture, ALongBodyThatIsKeptWholeHasADigest) {
    const std::string bytes(limits::hashed_body + 1, 'x');
    EXPECT_TRUE(has_digest(copy_body(bytes, bytes.size())));
}

TEST(BodyCapture, ACopyOnTheWayLeavesTheCaptureGoingOn) {
    body_capture capture;
    capture.append("ab");
    EXPECT_EQ(capture.copy().bytes, "ab");
    capture.append("c");
    auto body = capture.take();
    hash_whole(body);
    EXPECT_EQ(body, copy_body("abc"));
}

TEST(BodyCapture, AnEmptyBodyHasTheDigestOfNothing) {
    EXPECT_EQ(to_hex(copy_body("").sha256), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_FALSE(copy_body("").truncated());
}

TEST(BodyCapture, ABodyOfExactlyTheCapIsWhole) { EXPECT_FALSE(copy_body("abcd", 4).truncated()); }

}  // namespace
}  // namespace tunnel::inspector
