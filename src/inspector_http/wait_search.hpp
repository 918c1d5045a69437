#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "inspector/query.hpp"
#include "inspector_http/response.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

struct wait_request {
    std::string filter_text;
    inspector::query filter;
    std::size_t count = 1;
    std::chrono::milliseconds timeout{30'000};
    inspector::record_id after = 0;  ///< records newer than this count
    bool none = false;               ///< met where nothing matches
};

/// Counts the records that have ended and match: those that are there, and those that come. No record is missed between
/// the two, because the position of the feed is taken before the history is read. One thread at a time, on a worker.
class wait_search {
 public:
    wait_search(const services& s, wait_request request);

    /// Looks at what is new. True once the result is known before the timeout.
    [[nodiscard]] bool look();
    /// Whether look() would have something to look at. Cheap.
    [[nodiscard]] bool has_news() const { return services_.feed.position() != position_; }
    [[nodiscard]] response result();
    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return request_.timeout; }

 private:
    [[nodiscard]] bool is_full() const noexcept { return matched_.size() >= (request_.none ? 1 : request_.count); }
    void look_at_all();
    void look_at(std::vector<inspector::record_id> ids);
    [[nodiscard]] nlohmann::ordered_json misses() const;
    [[nodiscard]] inspector::record_id last_seen() const;

    const services& services_;
    wait_request request_;
    std::uint64_t position_ = 0;
    std::map<inspector::record_id, inspector::record> matched_;
};

}  // namespace tunnel::inspector_http
