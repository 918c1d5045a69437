#include "io/connected_socket.hpp"

#include <boost/asio/ip/address_v4.hpp>

namespace tunnel::io {

namespace {

asio::ip::address shown(const tcp::endpoint& endpoint) {
    auto address = endpoint.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

}  // namespace

std::string endpoint_address(const tcp::endpoint& endpoint) {
    return endpoint == tcp::endpoint() ? "?" : shown(endpoint).to_string();
}

std::string endpoint_name(const tcp::endpoint& endpoint) {
    if (endpoint == tcp::endpoint()) return "?";
    const auto address = shown(endpoint);
    const auto text = address.to_string();
    return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

}  // namespace tunnel::io
