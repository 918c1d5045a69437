#include "base/listening_program.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/log_text.hpp"

// From /proc, which only Linux has; elsewhere its files are missing, and nothing is found.
namespace tunnel {

namespace {

namespace fs = std::filesystem;

/// Adds what /proc/PID/fd has for a socket that listens on that port; `table` is one of /proc/net (proc_net_tcp(5)).
void add_listeners(const char* table, std::uint16_t port, std::set<std::string>& links) {
    constexpr std::string_view listening = "0A";
    const auto local_end = fmt::format(":{:04X}", port);
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // the names of the columns
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
        words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
        if (words && state == listening && local.ends_with(local_end)) links.insert("socket:[" + inode + "]");
    }
}

bool has_all_open(const fs::path& process, std::set<std::string> links) {
    std::error_code error;
    fs::directory_iterator each(process / "fd", error);
    for (; !error && each != fs::directory_iterator() && !links.empty(); each.increment(error)) {
        std::error_code unreadable;
        links.erase(fs::read_symlink(each->path(), unreadable).string());
    }
    return links.empty();
}

bool is_number(const std::string& name) { return name.find_first_not_of("0123456789") == std::string::npos; }

}  // namespace

std::string listening_program(std::uint16_t port) {
    std::set<std::string> links;
    for (const auto* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) add_listeners(table, port, links);
    if (links.empty()) return {};
    std::error_code error;
    fs::directory_iterator each("/proc", error);
    for (; !error && each != fs::directory_iterator(); each.increment(error)) {
        const auto process = each->path().filename().string();
        if (!is_number(process) || !has_all_open(each->path(), links)) continue;
        std::ifstream file(each->path() / "comm");
        std::string name;
        if (!std::getline(file, name)) continue;
        std::string visible;
        append_visible(visible, name);
        return fmt::format("{} (process {})", visible, process);
    }
    return {};
}

}  // namespace tunnel
