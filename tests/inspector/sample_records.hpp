#pragma once

#include <filesystem>
#include <random>
#include <string>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// 2026-11-30T12:00:00Z.
[[nodiscard]] time_point noon();

/// A webhook delivery to which the app responded with 200 and JSON; every member has a value.
[[nodiscard]] record sample_record(record_id id = 1);

/// Every member drawn at random, bytes of all kinds in bodies and fields.
[[nodiscard]] record random_record(std::mt19937& random);

/// A folder that is removed with its content.
class temporary_folder {
 public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    [[nodiscard]] std::string path() const { return path_.string(); }

 private:
    std::filesystem::path path_;
};

}  // namespace tunnel::inspector
