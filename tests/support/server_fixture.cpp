#include "support/server_fixture.hpp"

#include <regex>

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
    static const std::regex date(
        "Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n");
    std::smatch found;
    if (!std::regex_search(response, found, date)) return "no Date in: " + response;
    response.erase(static_cast<std::size_t>(found.position()), static_cast<std::size_t>(found.length()));
    return response;
}

}  // namespace tunnel::test
