#include "inspection/kept_token.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "inspector/history.hpp"
#include "inspector_http/token.hpp"

namespace tunnel::inspection {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t token_digits = 32;  // of random_token()

/// The token stands in logs that were kept, and a browser sends its cookie to each port of this machine: it is not to
/// open the inspector for ever.
constexpr std::time_t longest_use = std::time_t{30} * 24 * 60 * 60;  // seconds

bool is_hexadecimal(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Empty where the file is not one of this user's alone that holds a token and the end of its line.
std::string read_token(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return {};
    struct stat found{};
    const bool own = ::fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == ::geteuid() &&
                     (found.st_mode & (S_IRWXG | S_IRWXO)) == 0 && std::time(nullptr) - found.st_mtime < longest_use;
    std::array<char, token_digits + 2> text{};
    const auto size = own ? ::read(file, text.data(), text.size()) : -1;
    ::close(file);
    if (size != token_digits + 1 || text[token_digits] != '\n') return {};
    std::string token(text.data(), token_digits);
    return is_hexadecimal(token) ? token : std::string{};
}

/// In a file of another name first: another program never reads a part of a token.
bool write_token(const std::string& path, const std::string& token) {
    std::error_code error;
    const auto folder = fs::path(path).parent_path();
    fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && !fs::is_directory(folder, error)) return false;
    auto unfinished = path + ".XXXXXX";
    const int file = ::mkstemp(unfinished.data());  // 0600
    if (file < 0) return false;
    const auto line = token + "\n";
    const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    ::close(file);
    if (written && ::rename(unfinished.c_str(), path.c_str()) == 0) return true;
    ::unlink(unfinished.c_str());
    return false;
}

}  // namespace

std::string token_path() {
    const fs::path history = inspector::default_history_path();
    return history.empty() ? std::string{} : (history.parent_path() / "inspector-token").string();
}

std::string kept_token(const std::string& path) {
    if (path.empty()) return {};
    if (auto token = read_token(path); !token.empty()) return token;
    auto token = inspector_http::random_token();
    return write_token(path, token) ? token : std::string{};
}

}  // namespace tunnel::inspection
