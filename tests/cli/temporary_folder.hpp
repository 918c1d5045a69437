#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace tunnel {

/// A folder that is removed with the object.
class temporary_folder {
 public:
    temporary_folder() : path_(std::filesystem::temp_directory_path() / "tunnel-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make " << path_;
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
    std::string path_;
};

}  // namespace tunnel
