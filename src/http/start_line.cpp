#include "http/start_line.hpp"

#include <algorithm>

#include "http/grammar.hpp"

namespace tunnel::http {
namespace {

// HTTP/1.x whatever x: the minor version says what the sender can do, not how the message reads.
http_error check_version(std::string_view version) noexcept {
    if (version.size() != 8 || !version.starts_with("HTTP/") || !grammar::is_digit(version[5]) || version[6] != '.' ||
        !grammar::is_digit(version[7])) {
        return {400, "the start line has no HTTP version where one belongs"};
    }
    if (version[5] != '1') return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return {};
}

}  // namespace

http_error check_request_line(std::string_view line) noexcept {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (!grammar::is_token(line.substr(0, first))) return {400, "the method is not a token"};
    if (first == last) return {400, "the request line is not method, target and version"};
    const auto target = line.substr(first + 1, last - first - 1);
    if (!grammar::is_target(target)) return {400, "the request target has a blank, a control character or a fragment"};
    if (const auto error = check_version(line.substr(last + 1))) return error;
    if (target.size() > limits::max_target) return {414, "the request target is too long"};
    if (line.substr(0, first) == "CONNECT") return {501, "CONNECT is not implemented"};
    return {};
}

http_error check_status_line(std::string_view line) noexcept {
    if (const auto error = check_version(line.substr(0, 8))) return error;
    const auto code = line.substr(8);
    const bool digits = code.size() >= 4 && code[0] == ' ' && std::ranges::all_of(code.substr(1, 3), grammar::is_digit);
    if (!digits || (code.size() > 4 && code[4] != ' ')) return {400, "the status line has no status code"};
    if (code[1] < '1' || code[1] > '5') return {400, "the status code is outside 100 to 599"};
    return {};
}

}  // namespace tunnel::http
