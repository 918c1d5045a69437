#include "tunnel/base/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tunnel {
namespace {

std::string file(const std::string& name) {
    std::ifstream in(SOURCE_FOLDER "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// As the README writes bytes and times: "60 KiB", "25 s".
template <class Limit>
std::string written(Limit limit) {
    if constexpr (std::is_integral_v<Limit>) {
        if (limit % limits::mib == 0) return std::to_string(limit / limits::mib) + " MiB";
        return std::to_string(limit / limits::kib) + " KiB";
    } else {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + " s";
    }
}

#define LIMIT(name) {#name, written(limits::name)}
#define COUNT(name) {#name, std::to_string(limits::name)}
const std::map<std::string, std::string> documented{
    LIMIT(max_head),         COUNT(max_fields),   LIMIT(max_chunk_line), LIMIT(max_trailers),   COUNT(max_interim),
    LIMIT(initial_window),   LIMIT(body_window),  LIMIT(max_window),     LIMIT(window_pool),    COUNT(max_connections),
    COUNT(turned_away),      COUNT(listen_queue), COUNT(max_in_flight),  COUNT(max_handshakes), LIMIT(max_frame),
    LIMIT(max_hello),        LIMIT(frame_time),   LIMIT(hello_time),     LIMIT(ping_after),     LIMIT(dead_after),
    LIMIT(link_write_time),  LIMIT(log_queue),    LIMIT(unsent),         LIMIT(unsent_most),    LIMIT(unsent_pool),
    LIMIT(link_unsent_pool), LIMIT(unsent_time),
};
#undef COUNT
#undef LIMIT

/// Cells of a table row, without the blanks around them.
std::vector<std::string> cells(std::string_view line) {
    std::vector<std::string> result;
    line.remove_prefix(1);
    while (!line.empty()) {
        const auto cell = line.substr(0, line.find('|'));
        line.remove_prefix(std::min(cell.size() + 1, line.size()));
        if (cell.size() > 2) result.emplace_back(cell.substr(1, cell.size() - 2));
    }
    return result;
}

TEST(Limits, AreInTheReadmeAsTheyAreInTheCode) {
    auto left = documented;
    std::istringstream readme(file("README.md"));
    std::string line;
    while (std::getline(readme, line) && line != "## Limits") continue;
    while (std::getline(readme, line) && !line.starts_with("## ")) {
        if (!line.starts_with("| ") || line.starts_with("| what ")) continue;
        auto row = cells(line);
        ASSERT_EQ(row.size(), 3U) << line;
        std::erase(row[1], ',');
        std::erase(row[2], '`');
        ASSERT_TRUE(left.contains(row[2])) << row[2] << " is in the README, and not in this test";
        EXPECT_EQ(row[1], left[row[2]]) << row[2];
        left.erase(row[2]);
    }
    for (const auto& [name, value] : left) ADD_FAILURE() << name << ", " << value << ", is not in the README";
}

TEST(Limits, EachHasItsReason) {
    // A group of constants shares the comment in front of it.
    std::istringstream header(file("include/tunnel/base/limits.hpp"));
    std::string line;
    bool explained = false;
    std::size_t constants = 0;
    while (std::getline(header, line)) {
        const auto constant = line.starts_with("inline constexpr ");
        const auto unit = line.find("t kib ") != line.npos || line.find("t mib ") != line.npos;
        if (constant && !unit) {
            ++constants;
            EXPECT_TRUE(explained) << "no reason: " << line;
        }
        explained = line.starts_with("///") || (explained && constant);
    }
    EXPECT_GE(constants, documented.size());
}

}  // namespace
}  // namespace tunnel
