#pragma once

#include <atomic>
#include <cstdint>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// Makes ids that grow with time and differ between the programs that write to one history: 41 bits of milliseconds
/// since 2020, 12 bits of session, 10 bits that count within a millisecond. Any thread.
class id_source {
 public:
    explicit id_source(unsigned session) noexcept : session_(session % sessions) {}

    /// Always larger than the one before; runs ahead of the clock where a millisecond has more than 1,024.
    [[nodiscard]] record_id next(time_point now) noexcept;

    static constexpr unsigned sessions = 4096;

 private:
    std::uint64_t session_;
    std::atomic<std::uint64_t> last_{0};  // milliseconds and count, without the session
};

/// The smallest id of a moment, for ranges; and the moment that an id stands for.
[[nodiscard]] record_id first_id_at(time_point when) noexcept;
[[nodiscard]] time_point time_of(record_id id) noexcept;

}  // namespace tunnel::inspector
