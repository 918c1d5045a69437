#include "inspector/recording_app.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "inspector/sample_records.hpp"
#include "support/temporary_folder.hpp"

namespace tunnel::inspector {

namespace {

constexpr int deadline_milliseconds = 20'000;

bool readable(int socket) {
    pollfd waiting{socket, POLLIN, 0};
    return ::poll(&waiting, 1, deadline_milliseconds) == 1;
}

/// Appends what comes; false at the end or after the deadline.
bool read_some(int socket, std::string& bytes) {
    std::array<char, 65536> slice{};
    if (!readable(socket)) return false;
    const auto n = ::recv(socket, slice.data(), slice.size(), 0);
    if (n <= 0) return false;
    bytes.append(slice.data(), static_cast<std::size_t>(n));
    return true;
}

}  // namespace

recording_app::recording_app() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 4) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

recording_app::~recording_app() {
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
}

void recording_app::serve() {
    if (!readable(listener_)) return;
    const int caller = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    std::string bytes;
    while (bytes.find("\r\n\r\n") == std::string::npos && read_some(caller, bytes)) {
    }
    const auto end = bytes.find("\r\n\r\n");
    if (end != std::string::npos) {
        head_ = bytes.substr(0, end + 4);
        body_ = bytes.substr(end + 4);
        const auto fields = fields_of_head(head_);
        if (const auto* length = find_field(fields, "Content-Length")) {
            while (body_.size() < std::stoul(*length) && read_some(caller, body_)) {
            }
        }
    }
    const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    static_cast<void>(!::send(caller, response.data(), response.size(), MSG_NOSIGNAL));
    ::close(caller);
}

std::string recording_app::head() {
    if (thread_.joinable()) thread_.join();
    return head_;
}

command_result run_bash(const std::string& script) {
    const test::temporary_folder folder;
    std::ofstream(folder / "script", std::ios::binary) << script;
    const auto command = "env -i PATH=/usr/bin:/bin HOME=" + folder.path() + " LC_ALL=C.UTF-8 timeout 30 bash " +
                         (folder / "script") + " </dev/null 2>&1";
    command_result result;
    FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe) return result;
    std::array<char, 4096> slice{};
    for (std::size_t n = 0; (n = ::fread(slice.data(), 1, slice.size(), pipe)) > 0;)
        result.output.append(slice.data(), n);
    result.status = ::pclose(pipe);
    return result;
}

}  // namespace tunnel::inspector
