#include "tunnel/protocol/limits.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <type_traits>

namespace tunnel {
namespace {

std::string file(const std::string& name) {
    std::ifstream in(SOURCE_FOLDER "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// As the README writes it: "60 KiB", "10,000", "25 s".
template <class Limit>
std::string written(Limit limit) {
    if constexpr (std::is_integral_v<Limit>) {
        if (limit % limits::mib == 0) return std::to_string(limit / limits::mib) + " MiB";
        return limit % limits::kib == 0 && limit != 1024 ? std::to_string(limit / limits::kib) + " KiB"
                                                         : std::to_string(limit);
    } else {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + " s";
    }
}

#define LIMIT(name) {#name, written(limits::name)}
const std::map<std::string, std::string> documented{
    LIMIT(max_head),    LIMIT(max_target),     LIMIT(max_fields),     LIMIT(max_chunk_line), LIMIT(max_trailers),
    LIMIT(max_interim), LIMIT(initial_window), LIMIT(max_window),     LIMIT(window_pool),    LIMIT(max_connections),
    LIMIT(turned_away), LIMIT(max_in_flight),  LIMIT(max_handshakes), LIMIT(max_frame),      LIMIT(max_hello),
    LIMIT(frame_time),  LIMIT(hello_time),     LIMIT(ping_after),     LIMIT(dead_after),     LIMIT(link_write_time),
    LIMIT(local_pool),  LIMIT(log_queue),
};
#undef LIMIT

TEST(Limits, AreInTheReadmeAsTheyAreInTheCode) {
    auto left = documented;
    auto readme = file("README.md");
    readme.erase(0, readme.find("## Limits"));
    const std::regex row(R"(\n\| [^|\n]+ \| ([^|\n]+) \| `(\w+)` \|)");
    for (std::sregex_iterator at(readme.begin(), readme.end(), row), end; at != end; ++at) {
        const auto name = (*at)[2].str();
        const auto value = std::regex_replace((*at)[1].str(), std::regex(","), "");
        ASSERT_TRUE(left.contains(name)) << name << " is in the README, and not in this test";
        EXPECT_EQ(value, left[name]) << name;
        left.erase(name);
    }
    for (const auto& [name, value] : left) ADD_FAILURE() << name << ", " << value << ", is not in the README";
}

TEST(Limits, EachHasItsReason) {
    // A group of constants shares the comment in front of it.
    const auto header = file("include/tunnel/protocol/limits.hpp");
    const std::regex without(R"(\n\n(inline constexpr [^\n]+))");
    for (std::sregex_iterator at(header.begin(), header.end(), without), end; at != end; ++at) {
        const auto line = (*at)[1].str();
        const auto unit = line.find(" kib ") != std::string::npos || line.find(" mib ") != std::string::npos;
        EXPECT_TRUE(unit) << "no reason: " << line;
    }
    EXPECT_NE(header.find("inline constexpr"), std::string::npos);
}

}  // namespace
}  // namespace tunnel
