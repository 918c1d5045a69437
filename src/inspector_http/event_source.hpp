#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspector/query.hpp"
#include "inspector_http/changed_records.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

/// What one event stream (text/event-stream) sends. One thread at a time.
class event_source {
 public:
    /// `resume_after` is the id of the last event that the client saw.
    event_source(const services& s, inspector::query filter, std::optional<std::uint64_t> resume_after);

    /// The events since the last call; empty where there are none. Reads a page of the history at most: on a worker.
    [[nodiscard]] std::string next();
    /// Whether next() would have something to look at. Cheap.
    [[nodiscard]] bool has_news() const;
    /// Whether next() stopped before the end of what there was, so as not to keep its worker.
    [[nodiscard]] bool is_behind() const noexcept { return batch_.has_value() || is_cut_; }
    /// When next() would send the status that it owes; never where it owes none.
    [[nodiscard]] std::chrono::steady_clock::time_point next_status() const noexcept;

 private:
    using clock = std::chrono::steady_clock;
    /// Changes, and the records among them that are looked for.
    struct batch {
        std::vector<feed_change> changes;  ///< the newest of each record
        changed_records records;
    };
    void add(std::string& to, std::uint64_t id, std::string_view name, const nlohmann::ordered_json& data) const;
    void add_start(std::string& to);
    void take_batch(std::string& to);
    void add_changes(std::string& to);
    void add_status(std::string& to);

    const services& services_;
    inspector::query filter_;
    std::optional<std::uint64_t> resume_after_;
    std::uint64_t position_ = 0;
    std::uint64_t status_version_;
    clock::time_point status_sent_{};
    bool counters_changed_ = false;
    std::optional<batch> batch_;
    bool begun_ = false;
    bool is_cut_ = false;  // the batch was as large as one may be
};

}  // namespace tunnel::inspector_http
