#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "inspector/query.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

/// What one event stream (text/event-stream) sends. One thread at a time.
class event_source {
 public:
    /// `resume_after` is the id of the last event that the client saw.
    event_source(const services& s, inspector::query filter, std::optional<std::uint64_t> resume_after);

    /// The events since the last call; empty where there are none. Reads the history: on a worker.
    [[nodiscard]] std::string next();
    /// Whether next() would have something to look at. Cheap.
    [[nodiscard]] bool has_news() const;
    /// When next() would send the status that it owes; never where it owes none.
    [[nodiscard]] std::chrono::steady_clock::time_point next_status() const noexcept;

 private:
    using clock = std::chrono::steady_clock;
    void add(std::string& to, std::uint64_t id, std::string_view name, const nlohmann::ordered_json& data) const;
    void add_start(std::string& to);
    void add_changes(std::string& to);
    void add_status(std::string& to);

    const services& services_;
    inspector::query filter_;
    std::optional<std::uint64_t> resume_after_;
    std::uint64_t position_ = 0;
    std::uint64_t status_version_;
    clock::time_point status_sent_{};
    bool counters_changed_ = false;
    bool begun_ = false;
};

}  // namespace tunnel::inspector_http
