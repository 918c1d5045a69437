#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "inspector/history.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {

/// Lines that a history gives, from whatever thread.
class notices {
 public:
    [[nodiscard]] history::notice_function take() {
        return [this](std::string_view line) {
            {
                const std::lock_guard lock(mutex_);
                lines_.emplace_back(line);
            }
            came_.notify_all();
        };
    }
    [[nodiscard]] std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    /// Waits until a line contains `part`; false after the deadline.
    [[nodiscard]] bool wait_for(const std::string& part, std::chrono::seconds deadline) {
        std::unique_lock lock(mutex_);
        return came_.wait_for(lock, deadline, [&] {
            for (const auto& line : lines_) {
                if (line.find(part) != std::string::npos) return true;
            }
            return false;
        });
    }

 private:
    mutable std::mutex mutex_;
    std::condition_variable came_;
    std::vector<std::string> lines_;
};

inline history_settings file_settings(const std::string& path) {
    history_settings settings;
    settings.path = path;
    return settings;
}

/// A record of now: those of noon are removed for their age one day.
inline record fresh_record(history& h) {
    auto r = sample_record(h.next_id());
    r.arrived = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    return r;
}

inline void put(history& h, record r) { h.put(std::make_shared<const record>(std::move(r))); }

inline std::vector<record_id> ids_of(const std::vector<record>& records) {
    std::vector<record_id> ids;
    for (const auto& r : records) ids.push_back(r.id);
    return ids;
}

inline query filter(std::string_view text) { return std::get<query>(query::parse(text, noon())); }

/// What list() gives of a record.
inline record summary_of(record r) {
    r.request.raw_received.clear();
    r.request.raw_sent.clear();
    r.response.raw_head.clear();
    r.response.interim.clear();
    r.request.body.bytes.clear();
    r.response.body.bytes.clear();
    r.messages.clear();
    r.events.clear();
    return r;
}

}  // namespace tunnel::inspector
