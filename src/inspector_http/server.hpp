#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

struct server_options {
    /// Where to listen. None: 127.0.0.1, the first free port of 4040 to 4049. Not on loopback only with a token.
    std::optional<address> listen;
    /// 16 to 128 letters, digits, '-', '.', '_' or '~'. Empty: `usual_token`, on loopback only.
    std::string token;
    /// Made by random_token(). Empty: a new one.
    std::string usual_token;
    /// Names and addresses, besides those of loopback, that a Host field may have.
    std::vector<std::string> hosts;
    /// ngrok's API without the token, for tools that cannot send one: any program and user of this machine may then
    /// read, replay and delete what was recorded.
    bool open_ngrok_api = false;
    /// None of 4040 to 4049: where the app is going to listen. 0: nowhere on this machine.
    std::uint16_t app_port = 0;
};

/// The inspector's HTTP server, on threads of its own: nothing it does takes time from the tunnel.
class server {
 public:
    /// Listens and starts. Throws std::runtime_error with a sentence for the user.
    server(services what, const server_options& options);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    [[nodiscard]] address local() const;
    /// "http://127.0.0.1:4040"
    [[nodiscard]] std::string origin() const;
    /// The same with the token, for the user to open.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] const std::string& token() const;

    /// Closes what is open and ends the threads. Any thread, more than once.
    void stop();

 private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace tunnel::inspector_http
