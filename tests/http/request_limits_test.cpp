#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::get;
using test::good_request;
using test::refused_request;

/// CPU time: what other programs use meanwhile does not count.
double seconds_of_cpu_since(std::clock_t begin) {
    return static_cast<double>(std::clock() - begin) / static_cast<double>(CLOCKS_PER_SEC);
}

TEST(RequestHead, ASlowHeadCostsNoMoreThanItsLength) {
    const auto bytes = get("X: " + std::string(limits::max_head - 100, 'x') + "\r\n");
    request_parser parser{limits::max_head};
    received_request out;
    parse_error error;
    const auto begin = std::clock();
    for (std::size_t n = 1; n < bytes.size(); ++n) ASSERT_EQ(parser.parse({bytes.data(), n}, out, error), 0U);
    EXPECT_EQ(parser.parse(bytes, out, error), bytes.size());
    EXPECT_LT(seconds_of_cpu_since(begin), 5);
}

TEST(RequestHead, ATargetIsLimitedByTheHead) {
    const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto target = "/" + std::string(limits::max_head - "GET /"s.size() - rest.size(), 'a');
    EXPECT_EQ(good_request("GET " + target + rest).head.target, target);
    EXPECT_EQ(refused_request("GET " + target + "a" + rest), 431U);
    EXPECT_EQ(refused_request("GET " + target + rest), 0U);
}

TEST(RequestHead, EndlessRequestLineIsRefused) {
    EXPECT_EQ(refused_request("GET /" + std::string(limits::max_head, 'a')), 414U);
    EXPECT_EQ(refused_request(std::string(limits::max_head, 'A')), 414U);
}

TEST(RequestHead, LargeHeadIsRefused) {
    const auto fill = limits::max_head - get("X: \r\n").size();
    EXPECT_EQ(good_request(get("X: " + std::string(fill, 'x') + "\r\n")).head.fields.size(), 2U);
    EXPECT_EQ(refused_request(get("X: " + std::string(fill + 1, 'x') + "\r\n")), 431U);
    EXPECT_EQ(refused_request(get("X: " + std::string(70 * limits::kib, 'x') + "\r\n")), 431U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nX: " + std::string(limits::max_head, 'x')), 431U);
}

TEST(RequestHead, FieldCountIsCapped) {
    std::string fields;
    for (std::size_t i = 1; i < limits::max_fields; ++i) fields += "a:\r\n";
    EXPECT_EQ(good_request(get(fields)).head.fields.size(), limits::max_fields);
    EXPECT_EQ(refused_request(get(fields + "a:\r\n")), 431U);
}

TEST(RequestHead, SmallerLimitIsKept) {
    request_parser parser{100};
    received_request out;
    parse_error error;
    EXPECT_EQ(parser.parse(get("X: " + std::string(60, 'x')), out, error), 0U);
    EXPECT_FALSE(error);
    EXPECT_EQ(parser.parse(get("X: " + std::string(160, 'x')), out, error), 0U);
    EXPECT_EQ(error.status, 431U);
    EXPECT_EQ(error.kind, error_kind::too_large);
    EXPECT_EQ(error.sentence(), "the head is longer than --max-header-bytes (100 bytes)");
    parser.reset();
    EXPECT_EQ(parser.parse("GET /" + std::string(100, 'x'), out, error), 0U);
    EXPECT_EQ(error.status, 414U);
    EXPECT_EQ(error.sentence(), "the start line is longer than --max-header-bytes (100 bytes)");
}

}  // namespace
}  // namespace tunnel::http
