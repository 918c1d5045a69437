#include "http/status.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/timestamp.hpp"

namespace tunnel::http {

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
            // clang-format off
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 103: return "Early Hints";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 203: return "Non-Authoritative Information";
        case 204: return "No Content";
        case 205: return "Reset Content";
        case 206: return "Partial Content";
        case 300: return "Multiple Choices";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 305: return "Use Proxy";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 402: return "Payment Required";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 425: return "Too Early";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 508: return "Loop Detected";
        case 511: return "Network Authentication Required";
        default: return "";
            // clang-format on
    }
}

std::string_view http_date() {
    static constexpr std::string_view days = "SunMonTueWedThuFriSat";
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    thread_local std::time_t made_at = -1;
    // Of a fixed size, so that nothing is allocated for a thread and freed at its end.
    thread_local std::array<char, std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size()> text{};

    const std::time_t now = std::time(nullptr);
    if (now == made_at) return {text.data(), text.size()};
    const auto utc = utc_of(now);
    auto* at = text.data();
    const auto add = [&at](std::string_view part) { at = std::copy(part.begin(), part.end(), at); };
    const auto two_digits = [&at](int n) {
        *at++ = static_cast<char>('0' + n / 10 % 10);
        *at++ = static_cast<char>('0' + n % 10);
    };
    // By hand: strftime follows the locale.
    add(days.substr(static_cast<std::size_t>(utc.tm_wday) * 3, 3));
    add(", ");
    two_digits(utc.tm_mday);
    add(" ");
    add(months.substr(static_cast<std::size_t>(utc.tm_mon) * 3, 3));
    add(" ");
    two_digits((utc.tm_year + 1900) / 100);
    two_digits((utc.tm_year + 1900) % 100);
    add(" ");
    two_digits(utc.tm_hour);
    add(":");
    two_digits(utc.tm_min);
    add(":");
    two_digits(utc.tm_sec);
    add(" GMT");
    made_at = now;
    return {text.data(), text.size()};
}

}  // namespace tunnel::http
