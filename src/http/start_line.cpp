#include "http/start_line.hpp"

#include <algorithm>

#include "http/grammar.hpp"

namespace tunnel::http {
namespace {

constexpr std::size_t version_size = std::string_view{"HTTP/1.1"}.size();

// HTTP/1.x whatever x is: the minor version says what the sender can do, not how the message is to be read.
parse_error read_version(std::string_view version, unsigned& minor) noexcept {
    const bool well_formed = version.size() == version_size && version.starts_with("HTTP/") &&
                             grammar::is_digit(version[5]) && version[6] == '.' && grammar::is_digit(version[7]);
    if (!well_formed) {
        return {400, "the start line has no HTTP version where one belongs"};
    }
    if (version[5] != '1') return {505, "only HTTP/1.0 and HTTP/1.1 are supported", error_kind::unsupported};
    minor = version[7] == '0' ? 0 : 1;
    return {};
}

}  // namespace

parse_error read_request_line(std::string_view line, request_line& out) noexcept {
    const char* const begin = line.data();
    const char* const end = begin + line.size();
    const char* const method_end = grammar::end_of_token(begin, begin, end);
    if (method_end == begin || (method_end != end && *method_end != ' ')) return {400, "the method is not a token"};
    const bool usual = line.size() > version_size && end[-static_cast<std::ptrdiff_t>(version_size) - 1] == ' ';
    const char* const target_end = usual ? end - version_size - 1 : begin + std::min(line.rfind(' '), line.size());
    if (target_end <= method_end) return {400, "the request line is not method, target and version"};
    out.method = {begin, method_end};
    out.target = {method_end + 1, target_end};
    if (!grammar::is_target(out.target)) {
        return {400, "the request target has a blank, a control character or a fragment"};
    }
    if (const auto error = read_version({target_end + 1, end}, out.minor)) return error;
    if (out.method == "CONNECT") return {501, "CONNECT is not implemented", error_kind::unsupported};
    return {};
}

parse_error read_status_line(std::string_view line, status_line& out) noexcept {
    if (const auto error = read_version(line.substr(0, version_size), out.minor)) return error;
    // SP and three digits; then nothing, which RFC 9112 section 4 does not allow but apps send, or SP and a reason.
    const auto code = line.substr(version_size);
    const bool digits = code.size() >= 4 && code[0] == ' ' && std::ranges::all_of(code.substr(1, 3), grammar::is_digit);
    if (!digits || (code.size() > 4 && code[4] != ' ')) return {400, "the status line has no status code"};
    if (code[1] == '0') return {400, "the status code is below 100"};
    const auto digit = [code](std::size_t i) { return static_cast<unsigned>(code[i] - '0'); };
    out.status = digit(1) * 100 + digit(2) * 10 + digit(3);
    out.reason = code.size() > 5 ? code.substr(5) : std::string_view{};
    return {};
}

}  // namespace tunnel::http
