#pragma once

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace tunnel::test {

/// The name of the congestion control that a TCP socket has; empty if it is no such socket.
inline std::string congestion_control_of(int descriptor) {
    std::array<char, 16> name{};  // TCP_CA_NAME_MAX, in the kernel's headers
    socklen_t size = name.size() - 1;
    getsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size);
    return name.data();
}

}  // namespace tunnel::test
#endif
