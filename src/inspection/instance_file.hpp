#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tunnel::inspection {

/// How a command finds the inspector of a client that runs: a file of the user's with its address and token, which is
/// removed at the end. If the file cannot be written, commands need --inspect-token.
class instance_file {
 public:
    instance_file(const std::string& origin, const std::string& token);
    ~instance_file();
    instance_file(const instance_file&) = delete;
    instance_file& operator=(const instance_file&) = delete;

 private:
    std::string path_;
};

struct instance {
    std::string origin;
    std::string token;
};

/// Of the clients that run, or ended without removing their file; youngest first.
[[nodiscard]] std::vector<instance> instances();

}  // namespace tunnel::inspection
