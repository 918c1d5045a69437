#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"

namespace tunnel::inspection {

/// Whether something listens at an address. `identity` differs between one listener and the next, where the system
/// tells them apart; it is 0 where it does not.
struct app_listener {
    bool there = false;
    std::uint64_t identity = 0;
};

/// Looks once. On Linux, of an address of this machine, it reads the kernel's table of sockets, so that the app sees no
/// connection; elsewhere it connects, and waits for at most 200 ms.
[[nodiscard]] app_listener look_for_app(const address& app);

/// Says when an app is back: it listens after it did not, or another listener has taken its place.
class app_return {
 public:
    [[nodiscard]] bool is_back(const app_listener& now) noexcept;

 private:
    std::optional<app_listener> before_;
};

}  // namespace tunnel::inspection
