#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

using call_type = sample_app_server::call;

inline constexpr std::size_t mib = 1024 * 1024;

class Streaming : public TunnelTest {
 protected:
    /// `what` happens within the second that is promised.
    template <class Function>
    static void within_a_second(Function what) {
        using std::chrono::steady_clock;
        const auto begin = steady_clock::now();
        what();
        EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1) * time_factor);
    }
};

}  // namespace tunnel::test
