#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

/// The files of tests/protocol/vectors, whose README says what is in them.
namespace tunnel::test {

inline nlohmann::json load(const std::string& name) {
    std::ifstream file(SOURCE_FOLDER "/tests/protocol/vectors/" + name);
    return nlohmann::json::parse(file);
}

/// Hexadecimal digits, where XX*N stands for N such bytes.
inline std::string unhex(const std::string& text) {
    constexpr int hexadecimal = 16;
    std::string bytes;
    std::istringstream groups(text);
    for (std::string group; groups >> group;) {
        const auto star = group.find('*');
        std::string part;
        for (std::size_t i = 0; i + 1 < std::min(star, group.size()); i += 2)
            part += static_cast<char>(std::stoi(group.substr(i, 2), nullptr, hexadecimal));
        const auto times = star == std::string::npos ? 1 : std::stoul(group.substr(star + 1));
        for (std::size_t i = 0; i < times; ++i) bytes += part;
    }
    return bytes;
}

}  // namespace tunnel::test
