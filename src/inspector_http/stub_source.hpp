#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/record.hpp"

namespace tunnel::inspector_http {

/// A rule that responds in place of the app.
struct stub_rule_info {
    std::string filter;           ///< empty: every request
    bool always = false;          ///< the app is not asked; else only while it is not there
    std::string responds;         ///< "status 201, JSON"; no secret
    std::uint64_t responses = 0;  ///< that it made since the file was read
};

/// The rules of --stub.
struct stub_info {
    std::string file;
    inspector::time_point read_at{};  ///< when the rules in force were read
    std::string problem;              ///< why the file as it is now is not used; empty: it is
    std::vector<stub_rule_info> rules;
};

/// Implemented by the client; called from the inspector's threads.
class stub_source {
 public:
    stub_source() = default;
    stub_source(const stub_source&) = delete;
    stub_source& operator=(const stub_source&) = delete;
    virtual ~stub_source() = default;
    [[nodiscard]] virtual stub_info stub() const = 0;
};

}  // namespace tunnel::inspector_http
