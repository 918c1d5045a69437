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

std::tm local_of(std::time_t second) noexcept {
    std::tm local{};
#ifdef _WIN32
    localtime_s(&local, &second);
#else
    localtime_r(&second, &local);
#endif
    return local;
}

namespace {

std::string utc_text(std::time_t second) {
    const auto utc = utc_of(second);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string clock_text(std::time_t second) {
    const auto local = local_of(second);
    return fmt::format("{:02}:{:02}:{:02}.", local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace

void timestamp_writer::append(std::string& out, std::chrono::system_clock::time_point moment) {
    using namespace std::chrono;
    // Rounded down, also before 1970: a negative remainder would be no part of a second.
    const auto whole = floor<seconds>(moment);
    const auto second = static_cast<std::int64_t>(whole.time_since_epoch().count());
    if (second != second_) {
        const auto time = static_cast<std::time_t>(second);
        text_ = form_ == timestamp_form::utc ? utc_text(time) : clock_text(time);
        second_ = second;
    }
    out += text_;
    const auto rest = duration_cast<milliseconds>(moment - whole).count();
    fmt::format_to(std::back_inserter(out), "{:03}{}", rest, form_ == timestamp_form::utc ? "Z" : "");
}

}  // namespace tunnel
