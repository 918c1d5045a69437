#include "base/loopback.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/internet_addresses.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel {

namespace {

bool is_local(std::uint32_t network_order) {
    constexpr std::uint32_t loopback_net = 127;
    const auto ip = ntohl(network_order);
    return ip == INADDR_ANY || (ip >> 24U) == loopback_net;
}

bool is_local(const in6_addr& ip) {
    if (IN6_IS_ADDR_LOOPBACK(&ip) || IN6_IS_ADDR_UNSPECIFIED(&ip)) return true;
    if (!IN6_IS_ADDR_V4MAPPED(&ip)) return false;
    std::uint32_t embedded = 0;
    std::copy_n(ip.s6_addr + 12, sizeof embedded, reinterpret_cast<unsigned char*>(&embedded));
    return is_local(embedded);
}

}  // namespace

bool is_loopback(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    host = host.substr(0, host.find('%'));  // a zone
    if (host.ends_with('.')) host.remove_suffix(1);
    constexpr std::string_view name = "localhost";
    if (iequals(host, name)) return true;
    if (host.size() > name.size() && iequals(host.substr(host.size() - name.size()), name) &&
        host[host.size() - name.size() - 1] == '.')
        return true;  // RFC 6761 section 6.3
    const std::string text(host);
    in6_addr six{};
    if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return is_local(six);
    // In the spellings that inet_aton takes, which is not everywhere. INADDR_NONE, an error here, is not local.
    return is_local(inet_addr(text.c_str()));
}

}  // namespace tunnel
