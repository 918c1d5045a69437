#include "net/error_answer.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "net/http_grammar.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {
namespace {

using protocol::iequals;

struct row {
    failure which;
    std::string_view name;
    unsigned status;
    std::string_view sentence;
};

constexpr std::array table{
    row{failure::none, "none", 500, "tunnel-server: the request failed; see its log"},
    row{failure::no_client, "no-client", 503,
        "tunnel-server: no tunnel-client is connected; start tunnel-client and try again"},
    row{failure::overloaded, "overloaded", 503, "tunnel: too many requests or connections at a time; try again later"},
    row{failure::shutting_down, "shutting-down", 503, "tunnel: shutting down; try again once it has restarted"},
    row{failure::tunnel_lost, "tunnel-lost", 502,
        "tunnel-server: the connection to tunnel-client broke before the answer came; the request may have reached the "
        "app, check before you repeat it"},
    row{failure::replaced, "replaced", 502,
        "tunnel-server: another tunnel-client took over before the answer came; the request may have reached the app, "
        "check before you repeat it"},
    row{failure::bad_answer, "bad-answer", 502,
        "tunnel-server: tunnel-client sent something that is no HTTP answer; see the logs of both"},
    row{failure::local_refused, "local-refused", 502,
        "tunnel-client: nothing listens on the local port; start the app or correct the port"},
    row{failure::local_unreachable, "local-unreachable", 502,
        "tunnel-client: the local host cannot be reached; check its name and address"},
    row{failure::local_timeout, "local-timeout", 504,
        "tunnel-client: the local app did not answer in time; check whether it hangs"},
    row{failure::local_connect_timeout, "local-connect-timeout", 502,
        "tunnel-client: the local app did not accept the connection in time; check whether it hangs"},
    row{failure::local_reset, "local-reset", 502,
        "tunnel-client: the local app closed the connection before its answer; see the app's log"},
    row{failure::local_bad_answer, "local-bad-answer", 502,
        "tunnel-client: the local app's answer is not valid HTTP; check that the port speaks plain HTTP/1.1"},
    row{failure::bad_request, "bad-request", 400, "tunnel-server: the request is not valid HTTP; correct it"},
    row{failure::loop, "loop", 508,
        "tunnel-server: the request came from this tunnel itself; point tunnel-client at the app, not at the tunnel"},
};

consteval bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].which != static_cast<failure>(i)) return false;
    }
    return table.size() == static_cast<std::size_t>(failure::loop) + 1;
}
static_assert(in_order());

const row& row_of(failure f) noexcept {
    const auto i = static_cast<std::size_t>(f);
    return i < table.size() ? table[i] : table[0];
}

/// `text/html` with a weight above 0. That is what browsers send; a bare `*/*` gets text.
bool prefers_html(std::string_view accept) noexcept {
    bool html = false;
    grammar::for_each_member(accept, [&](std::string_view range) {
        const auto semicolon = range.find(';');
        if (!iequals(grammar::trim(range.substr(0, semicolon)), "text/html")) return;
        bool refused = false;
        while (!range.empty()) {
            const auto parameter = grammar::trim(range.substr(0, range.find(';')));
            // q=0, q=0.0 and so on: no digit above zero.
            if (iequals(parameter.substr(0, 2), "q=")) {
                refused = parameter.find_first_not_of("0.", 2) == std::string_view::npos;
            }
            const auto next = range.find(';');
            range = next == std::string_view::npos ? std::string_view{} : range.substr(next + 1);
        }
        html = html || !refused;
    });
    return html;
}

void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
}

std::string html_page(unsigned status, std::string_view line) {
    std::string title = std::to_string(status);
    title += ' ';
    title += reason_phrase(status);
    // The sentence is `hop: what failed; what to do`.
    const auto colon = line.find(": ");
    const bool has_hop = colon != std::string_view::npos;

    std::string page =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
    page += title;
    page +=
        "</title>\n<style>\n"
        "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:18vh auto 0;padding:0 1.5rem}\n"
        "h1{font-size:1.6rem;font-weight:600;margin:0 0 .5rem}\np{margin:.3rem 0}\nsmall{opacity:.65}\n"
        "</style>\n</head>\n<body>\n<h1>";
    page += title;
    page += "</h1>\n<p>";
    append_escaped(page, has_hop ? line.substr(colon + 2) : line);
    page += "</p>\n";
    if (has_hop) {
        page += "<p><small>";
        append_escaped(page, line.substr(0, colon));
        page += "</small></p>\n";
    }
    page += "</body>\n</html>\n";
    return page;
}

}  // namespace

std::string_view to_string(failure f) noexcept { return row_of(f).name; }
unsigned status_of(failure f) noexcept { return row_of(f).status; }
std::string_view sentence(failure f) noexcept { return row_of(f).sentence; }

own_answer make_error_answer(failure f, std::string_view accept, unsigned status, std::string_view detail) {
    const auto& [which, name, own_status, own_sentence] = row_of(f);
    own_answer answer;
    auto& head = answer.head;
    head.status = status != 0 ? status : own_status;
    head.reason = reason_phrase(head.status);

    std::string line{own_sentence};
    if (!detail.empty()) {
        line = f == failure::bad_request ? "tunnel-server: the request was refused: " : "";
        for (char c : detail) line += c == '\r' || c == '\n' ? ' ' : c;
    }
    const bool html = prefers_html(accept);
    answer.body = html ? html_page(head.status, line) : line + '\n';

    head.fields.add("Content-Type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
    head.fields.add("Cache-Control", "no-store");  // 414 and 501 could be stored otherwise (RFC 9110 section 15.1)
    head.fields.add("X-Tunnel-Error", name);
    if (head.status == 503) head.fields.add("Retry-After", std::to_string(limits::retry_after));
    head.content_length = answer.body.size();
    return answer;
}

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
    // Of a fixed size: a string's first octet would have to be allocated, and its end to be noted, at any moment.
    thread_local std::array<char, std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size()> text{};

    const std::time_t now = std::time(nullptr);
    if (now == made_at) return {text.data(), text.size()};
    std::tm utc{};
    ::gmtime_r(&now, &utc);
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

}  // namespace tunnel::net
