#include "support/server_fixture.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace tunnel::test {

server_fixture::~server_fixture() {
    if (!program_) return;
    server_->stop();
    server_->stop();
    program_->expect_drained(patience);
    if (!HasFailure()) return;
    for (const auto& line : log.lines()) std::fprintf(stderr, "log: %s\n", line.c_str());
}

void server_fixture::start() {
    settings.http_addr = {"127.0.0.1", 0};
    settings.tcp_addr = {"127.0.0.1", 0};
    program_ = std::make_unique<program_thread>();
    server_ = std::make_shared<server::server>(program_->runtime(), settings, times);
    server_->start();
    http_port_ = server_->http_address().port;
    tcp_port_ = server_->tcp_address().port;
    program_->start();
}

void server_fixture::expect_served_by(frame_peer& peer) const {
    auto from = caller();
    from.send(get("/who"));
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.head.target, "/who");
    peer.respond(request.id, response_head(200), "me");
    EXPECT_TRUE(read_response(from).ends_with("\r\n\r\n2\r\nme\r\n0\r\n\r\n"));
}

void server_fixture::expect_goaway(frame_peer& peer, protocol::goaway_reason reason) {
    const auto received = peer.receive<protocol::goaway>();
    EXPECT_EQ(received.reason, reason) << received.detail;
    peer.raw().expect_closed();
}

std::string receive_request(frame_peer& client) {
    auto text = client.receive_text();
    const auto at = text.find(R"("connection":)");
    const auto name = text.find(R"(,"caller":"127.0.0.1:)");
    const auto end = text.find(R"(",)", name + 1);
    if (at == text.npos || name == text.npos || end == text.npos) return "no connection or caller in: " + text;
    return text.erase(at, end + 2 - at);
}

std::string read_response(raw_peer& caller, bool to_head) {
    auto response = caller.read_until("\r\n\r\n");
    if (to_head) return response;
    if (response.find("Transfer-Encoding: chunked\r\n") != std::string::npos) {
        return response + caller.read_until("0\r\n\r\n");
    }
    constexpr std::string_view name = "Content-Length: ";
    const auto at = response.find(name);
    if (at != std::string::npos) response += caller.read_exactly(std::stoul(response.substr(at + name.size())));
    return response;
}

std::string without_date(std::string response) {
    // a: a letter, 0: a digit, anything else: itself.
    constexpr std::string_view pattern = "Date: aaa, 00 aaa 0000 00:00:00 GMT\r\n";
    const auto at = response.find("Date: ");
    const auto line = std::string_view(response).substr(std::min(at, response.size()), pattern.size());
    const auto fits = [](char c, char like) {
        if (like == '0') return std::isdigit(static_cast<unsigned char>(c)) != 0;
        if (like == 'a') return std::isalpha(static_cast<unsigned char>(c)) != 0;
        return c == like;
    };
    if (!std::ranges::equal(line, pattern, fits)) return "no Date in: " + response;
    response.erase(at, pattern.size());
    return response;
}

}  // namespace tunnel::test
