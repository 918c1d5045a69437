#include "inspector_http/token.hpp"

#include <sys/random.h>

#include <nettle/memops.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace tunnel::inspector_http {

std::string random_token() {
    std::array<std::uint8_t, 16> bytes{};
    if (getentropy(bytes.data(), bytes.size()) != 0) {
        throw std::runtime_error("the system gives no random bytes for the inspector's token; set one by hand");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string token;
    for (const auto byte : bytes) {
        token += digits[byte >> 4];
        token += digits[byte & 0x0F];
    }
    return token;
}

bool same_token(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && memeql_sec(a.data(), b.data(), a.size()) != 0;
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept {
    while (!cookies.empty()) {
        const auto end = std::min(cookies.find(';'), cookies.size());
        auto pair = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
        }
    }
    return {};
}

}  // namespace tunnel::inspector_http
