#include "io/unsent_pool.hpp"

#include <algorithm>

#include "base/statistics.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

constinit unsent_pool unsent_of_http(limits::unsent_pool);
constinit unsent_pool unsent_of_links(limits::link_unsent_pool);

std::size_t unsent_pool::change(std::size_t held, std::size_t wanted) noexcept {
    if (wanted <= held) {
        left_ += held - wanted;
        return wanted;
    }
    auto left = left_.load();
    auto more = std::min(left, wanted - held);
    while (!left_.compare_exchange_weak(left, left - more)) more = std::min(left, wanted - held);
    if (more < wanted - held) program_statistics().reached(bound::unsent_pool);
    return held + more;
}

}  // namespace tunnel::io
