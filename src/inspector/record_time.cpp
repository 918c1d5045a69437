#include "inspector/record_time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tunnel::inspector {

std::string to_rfc3339(time_point when) {
    using namespace std::chrono;
    constexpr time_point first{sys_days{year{0} / 1 / 1}};
    constexpr time_point last{sys_days{year{9999} / 12 / 31}};
    when = std::clamp(when, first, last);
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss time{when - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace tunnel::inspector
