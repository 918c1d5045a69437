#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "inspection/webhook_files.hpp"
#include "stub/rule.hpp"

namespace tunnel::inspection {

/// The file of --stub with the files that its rules name, which are looked for beside it. One thread at a time.
class stub_file {
 public:
    stub_file(std::string path, webhook_files webhooks) : path_(std::move(path)), webhooks_(std::move(webhooks)) {}

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Throws stub::stub_error or webhook::settings_error.
    [[nodiscard]] std::vector<stub::rule> read();
    /// Whether it is another than the one that was read last, and has been the same since the call before: what is
    /// being written is not read.
    [[nodiscard]] bool has_changed();

 private:
    struct stamp {
        std::filesystem::path file;
        std::filesystem::file_time_type written;
        std::uintmax_t size = 0;
        std::filesystem::perms permissions = std::filesystem::perms::unknown;
        bool operator==(const stamp&) const = default;
    };

    [[nodiscard]] static stamp stamp_of(std::filesystem::path file);
    /// Notes how the file is, so that a change after that is recognised.
    [[nodiscard]] std::string bytes_of(const std::filesystem::path& file, std::size_t most);

    std::string path_;
    webhook_files webhooks_;
    std::vector<stamp> read_;
    std::vector<stamp> looked_at_;
};

}  // namespace tunnel::inspection
