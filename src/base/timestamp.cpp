#include "base/timestamp.hpp"

#include <fmt/format.h>

#include <iterator>

namespace tunnel {

std::tm utc_of(std::time_t second) noexcept {
    std::tm utc{};
#ifdef _WIN32
    gmtime_s(&utc, &second);
#else
    gmtime_r(&second, &utc);
#endif
    return utc;
}

void timestamp_writer::append(std::string& out, std::chrono::system_clock::time_point moment) {
    using namespace std::chrono;
    // Rounded down, also before 1970: a negative remainder would be no part of a second.
    const auto whole = floor<seconds>(moment);
    const auto second = static_cast<std::int64_t>(whole.time_since_epoch().count());
    if (second != second_) {
        const auto utc = utc_of(static_cast<std::time_t>(second));
        text_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                            utc.tm_hour, utc.tm_min, utc.tm_sec);
        second_ = second;
    }
    out += text_;
    const auto rest = duration_cast<milliseconds>(moment - whole).count();
    fmt::format_to(std::back_inserter(out), "{:03}Z", rest);
}

}  // namespace tunnel
