#include "proxy/error_response.hpp"

#include <algorithm>
#include <array>

#include "http/grammar.hpp"
#include "http/status.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::proxy {

namespace {

struct row {
    mux::failure which;
    unsigned status;
    std::string_view sentence;
    // Where a message was refused: what stands in front of the cause, and behind it.
    std::string_view ahead = {};
    std::string_view behind = {};
};

constexpr std::array table{
    row{mux::failure::none, 500, "tunnel-server: the request failed; see its log"},
    row{mux::failure::no_client, 503,
        "tunnel-server: no tunnel-client is connected; start tunnel-client and try again"},
    row{mux::failure::overloaded, 503, "tunnel: too many requests or connections at a time; try again later"},
    row{mux::failure::shutting_down, 503, "tunnel: shutting down; try again once it has restarted"},
    row{mux::failure::tunnel_lost, 502,
        "tunnel-server: the connection to tunnel-client broke before the response came; the request may have reached "
        "the "
        "app, check before you repeat it"},
    row{mux::failure::replaced, 502,
        "tunnel-server: another tunnel-client took over before the response came; the request may have reached the "
        "app, "
        "check before you repeat it"},
    row{mux::failure::bad_response, 502,
        "tunnel-server: tunnel-client sent something that is not a valid HTTP response; see the logs of both"},
    row{mux::failure::cancelled, 502,
        "tunnel-server: tunnel-client cancelled the request; see its log, and check whether the app acted on it before "
        "you repeat it"},
    row{mux::failure::internal_error, 500,
        "tunnel-server: an internal error ended the request; report it together with the server's log"},
    row{mux::failure::local_refused, 502,
        "tunnel-client: nothing listens on the local port; start the app or correct --local-port",
        "tunnel-client: nothing listens on the local port, tried ", "; start the app or correct --local-port"},
    row{mux::failure::local_unreachable, 502, "tunnel-client: the local host cannot be reached; check --local-host",
        "tunnel-client: the local host cannot be reached, tried ", "; check --local-host"},
    row{mux::failure::local_timeout, 504,
        "tunnel-client: the local app did not respond in time; check whether it hangs"},
    row{mux::failure::local_connect_timeout, 502,
        "tunnel-client: the local app did not accept the connection in time; check whether it hangs",
        "tunnel-client: the local app did not accept the connection in time, tried ", "; check whether it hangs"},
    row{mux::failure::local_reset, 502,
        "tunnel-client: the local app closed the connection before its response; see the app's log", "tunnel-client: "},
    row{mux::failure::local_bad_response, 502,
        "tunnel-client: the local app's response is not valid HTTP; check that the port speaks plain HTTP/1.1",
        "tunnel-client: the local app's response is not valid HTTP: ", "; check that the port speaks plain HTTP/1.1"},
    row{mux::failure::local_response_too_large, 502,
        "tunnel-client: the head of the local app's response is too large; send less in it, or raise "
        "--max-header-bytes "
        "of tunnel-client",
        "tunnel-client: the local app's response is too large: ",
        "; send less in it, or raise --max-header-bytes of tunnel-client"},
    row{mux::failure::bad_request, 400, "tunnel-server: the request is not valid HTTP; correct it",
        "tunnel-server: the request was refused: "},
    row{mux::failure::loop, 508,
        "tunnel-server: the request came from this tunnel itself; point tunnel-client at the app, not at the tunnel"},
    row{mux::failure::reset, 502,
        "tunnel-client: the connection was reset on purpose, by a fault; turn it off to get a response"},
};

consteval bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].which != static_cast<mux::failure>(i)) return false;
    }
    return table.size() == static_cast<std::size_t>(mux::failure::reset) + 1;
}
static_assert(in_order());

const row& row_of(mux::failure f) noexcept {
    const auto i = static_cast<std::size_t>(f);
    return i < table.size() ? table[i] : table[0];
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
    title += http::reason_phrase(status);
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

bool prefers_html(std::string_view accept) noexcept {
    bool html = false;
    http::grammar::for_each_member(accept, [&](std::string_view range) {
        const auto semicolon = range.find(';');
        if (!iequals(http::grammar::trim(range.substr(0, semicolon)), "text/html")) return;
        bool refused = false;
        while (!range.empty()) {
            const auto parameter = http::grammar::trim(range.substr(0, range.find(';')));
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

unsigned status_of(mux::failure f) noexcept { return row_of(f).status; }
std::string_view sentence(mux::failure f) noexcept { return row_of(f).sentence; }
std::string sentence(mux::failure f, std::string_view cause) {
    const auto& row = row_of(f);
    if (cause.empty() || row.ahead.empty()) return std::string{row.sentence};
    return std::string{row.ahead}.append(cause).append(row.behind);
}

own_response make_error_response(mux::failure f, bool html, unsigned status, std::string_view detail) {
    const auto& row = row_of(f);
    own_response response;
    auto& head = response.head;
    head.status = status != 0 ? status : row.status;
    head.reason = http::reason_phrase(head.status);

    std::string line{row.sentence};
    if (!detail.empty()) {
        line = row.ahead;
        for (char c : detail) line += c == '\r' || c == '\n' ? ' ' : c;
        line += row.behind;
    }
    response.body = html ? html_page(head.status, line) : line + '\n';

    head.fields.add("Content-Type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
    head.fields.add("Cache-Control", "no-store");  // 414 and 501 could be stored otherwise (RFC 9110 section 15.1)
    head.fields.add("X-Tunnel-Error", to_string(f));
    if (head.status == 503) head.fields.add("Retry-After", std::to_string(limits::retry_after));
    head.content_length = response.body.size();
    return response;
}

}  // namespace tunnel::proxy
