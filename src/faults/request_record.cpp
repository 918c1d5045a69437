#include "faults/request_record.hpp"

#include <string>
#include <string_view>

namespace tunnel::faults {

namespace {

/// The address without its port, and without the brackets of IPv6.
std::string host_of_peer(std::string_view peer) {
    peer = peer.substr(0, peer.rfind(':'));
    if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
    return std::string(peer);
}

}  // namespace

inspector::record record_of(const protocol::request& request) {
    inspector::record r;
    r.arrived = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
    r.request.method = request.head.method;
    r.request.target = request.head.target;
    for (const auto f : request.head.fields) r.request.fields.emplace_back(f.name, f.value);
    r.request.body.bytes = request.body.view();
    r.request.body.length =
        request.end ? request.body.size() : request.head.content_length.value_or(request.body.size() + 1);
    r.caller = host_of_peer(request.from.caller);
    return r;
}

}  // namespace tunnel::faults
