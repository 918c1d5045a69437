#include "inspection/instance_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace tunnel::inspection {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "inspector-";
constexpr std::string_view suffix = ".json";
constexpr std::size_t largest_file = 4096;

/// Of this user alone: it holds tokens.
std::string folder() {
    for (const auto& [variable, below] :
         {std::pair("XDG_RUNTIME_DIR", "/tunnel"), std::pair("XDG_STATE_HOME", "/tunnel"),
          std::pair("HOME", "/.local/state/tunnel")}) {
        const auto* base = std::getenv(variable);
        if (base != nullptr && *base == '/') return std::string(base) + below;
    }
    return {};
}

}  // namespace

instance_file::instance_file(const std::string& origin, const std::string& token) {
    const auto where = folder();
    if (where.empty()) return;
    std::error_code error;
    fs::create_directories(fs::path(where).parent_path(), error);
    if (mkdir(where.c_str(), S_IRWXU) != 0 && !fs::is_directory(where, error)) return;
    const auto path = where + "/" + std::string(prefix) + std::to_string(getpid()) + "-" +
                      origin.substr(origin.rfind(':') + 1) + std::string(suffix);
    unlink(path.c_str());  // of a program that had this number before
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) return;
    const auto text = nlohmann::json{{"origin", origin}, {"token", token}, {"pid", getpid()}}.dump();
    const auto written = write(fd, text.data(), text.size());
    close(fd);
    if (written == static_cast<ssize_t>(text.size())) {
        path_ = path;
    } else {
        unlink(path.c_str());
    }
}

instance_file::~instance_file() {
    if (!path_.empty()) unlink(path_.c_str());
}

std::vector<instance> instances() {
    std::vector<std::pair<fs::file_time_type, instance>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder(), error)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(prefix) || !name.ends_with(suffix) || entry.file_size(error) > largest_file) continue;
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto content = nlohmann::json::parse(text, nullptr, false);
        if (!content.is_object()) continue;
        instance one{content.value("origin", ""), content.value("token", "")};
        if (!one.origin.empty()) found.emplace_back(entry.last_write_time(error), std::move(one));
    }
    std::ranges::sort(found, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<instance> all;
    for (auto& [time, one] : found) all.push_back(std::move(one));
    return all;
}

}  // namespace tunnel::inspection
