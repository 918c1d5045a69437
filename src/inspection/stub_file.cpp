#include "inspection/stub_file.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <system_error>
#include <utility>

#include "stub/limits.hpp"
#include "stub/rules_file.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::inspection {

std::vector<stub::rule> stub_file::read() {
    read_.clear();
    looked_at_.clear();
    try {
        const auto text = bytes_of(path_, stub::limits::rules_file);
        const auto known = load(webhooks_);
        stub::rule_sources from;
        from.now = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
        from.secrets = known.secrets;
        from.read = [this, folder = std::filesystem::path(path_).parent_path()](
                        const std::string& path, std::size_t most) { return bytes_of(folder / path, most); };
        return stub::parse_rules(text, from);
    } catch (const stub::stub_error& error) {
        throw stub::stub_error(fmt::format("--stub {}: {}", path_, error.what()));
    }
}

bool stub_file::has_changed() {
    std::vector<stamp> now;
    now.reserve(read_.size());
    for (const auto& each : read_) now.push_back(stamp_of(each.file));
    const auto is_settled = now == looked_at_;
    looked_at_ = std::move(now);
    return is_settled && looked_at_ != read_;
}

stub_file::stamp stub_file::stamp_of(std::filesystem::path file) {
    std::error_code error;
    stamp made;
    made.written = std::filesystem::last_write_time(file, error);
    if (!error) made.size = std::filesystem::file_size(file, error);
    if (!error) made.permissions = std::filesystem::status(file, error).permissions();
    if (error) made = {};  // it is not there
    made.file = std::move(file);
    return made;
}

std::string stub_file::bytes_of(const std::filesystem::path& file, std::size_t most) {
    read_.push_back(stamp_of(file));
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
        throw stub::stub_error(fmt::format("{} is not a file that can be read", file.string()));
    std::ifstream in(file, std::ios::binary);
    std::string bytes(most + 1, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || (!in.eof() && in.fail()) || !in.is_open())
        throw stub::stub_error(fmt::format("{} cannot be read", file.string()));
    if (bytes.size() > most) throw stub::stub_error(fmt::format("{} has more than {} bytes", file.string(), most));
    return bytes;
}

}  // namespace tunnel::inspection
