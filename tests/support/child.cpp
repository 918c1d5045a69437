#include "support/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

extern char** environ;

namespace tunnel::test {

namespace {

using clock = std::chrono::steady_clock;

std::chrono::milliseconds left_until(clock::time_point end) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()), std::chrono::milliseconds(0));
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& s : strings) result.push_back(s.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

child::child(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    out_fd_ = out[0];
    err_fd_ = err[0];

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);

    auto words = arguments;
    auto variables = environment;
    // No port 4040 and no history of the user's, unless a test asks for them: the first of equal names counts.
    if (words[0].ends_with("tunnel-client")) variables.emplace_back("TUNNEL_INSPECT_ADDR=off");
    for (char** at = environ; *at != nullptr; ++at)
        if (!std::string_view(*at).starts_with("TUNNEL_")) variables.emplace_back(*at);
    const auto failed =
        posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    if (failed != 0) throw std::runtime_error("cannot run " + words[0]);
}

child::~child() {
    if (!ended_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    close_pipes();
}

void child::close_pipes() {
    for (int* fd : {&out_fd_, &err_fd_}) {
        if (*fd >= 0) close(*fd);
        *fd = -1;
    }
}

bool child::pump(std::chrono::milliseconds limit) {
    std::array<pollfd, 2> fds{pollfd{out_fd_, POLLIN, 0}, pollfd{err_fd_, POLLIN, 0}};
    if (out_fd_ < 0 && err_fd_ < 0) return false;
    poll(fds.data(), fds.size(), static_cast<int>(limit.count()));
    const auto take = [](const pollfd& state, int& fd, std::string& to) {
        if (fd < 0 || state.revents == 0) return;
        std::array<char, 65536> piece{};
        const auto n = read(fd, piece.data(), piece.size());
        if (n > 0) {
            to.append(piece.data(), static_cast<std::size_t>(n));
        } else {
            close(fd);
            fd = -1;
        }
    };
    take(fds[0], out_fd_, out_);
    take(fds[1], err_fd_, err_);
    return true;
}

std::string child::line(std::chrono::milliseconds limit) {
    const auto end = clock::now() + limit;
    for (;;) {
        const auto stop = out_.find('\n', line_start_);
        if (stop != std::string::npos) {
            auto text = out_.substr(line_start_, stop - line_start_);
            line_start_ = stop + 1;
            return text;
        }
        const auto left = left_until(end);
        if (left.count() == 0 || !pump(left)) return "";
    }
}

std::string child::logged(const std::string& text, std::chrono::milliseconds limit) {
    const auto end = clock::now() + limit;
    while (err_.find(text) == std::string::npos) {
        const auto left = left_until(end);
        if (left.count() == 0 || !pump(left)) return "";
    }
    return err_;
}

void child::signal(int number) const { kill(pid_, number); }

bool child::running() {
    if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return !ended_;
}

int child::exit_code(std::chrono::milliseconds limit) {
    const auto end = clock::now() + limit;
    // The pipes end with the program; where we closed them, only the process itself can be asked.
    while (left_until(end).count() > 0 && pump(left_until(end))) {
    }
    while (running()) {
        if (left_until(end).count() == 0) return -1;
        poll(nullptr, 0, 5);
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

}  // namespace tunnel::test
