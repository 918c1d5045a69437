#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inspector/query.hpp"
#include "inspector_http/changed_records.hpp"
#include "inspector_http/response.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

struct wait_request {
    struct step {
        std::string text;  ///< of the filter
        inspector::query filter;
    };
    std::vector<step> steps;  ///< one; or several, that records must match in this order of arrival
    std::size_t count = 1;    ///< records that must match a single step
    std::chrono::milliseconds timeout{30'000};
    inspector::record_id after = 0;  ///< records newer than this count
    bool none = false;               ///< met where nothing matches until the timeout
};

/// Counts the records that have ended and match: those that are there, and those that come. No record is missed between
/// the two, because the position of the feed is taken before the history is read. One thread at a time, on a worker,
/// for one page of the history at most, or for what is new: a slow filter leaves the workers to others, and ends with
/// its connection.
class wait_search {
 public:
    wait_search(const services& s, wait_request request);

    /// Looks at the next page of the history or of what is new. True once the result is known before the timeout.
    [[nodiscard]] bool look();
    /// Whether the history, or what is new, has not been read to its end.
    [[nodiscard]] bool is_reading() const noexcept { return reading_.has_value() || news_.has_value(); }
    /// Whether look() would have something to look at. Cheap.
    [[nodiscard]] bool has_news() const { return is_reading() || services_.feed.position() != position_; }
    /// Looks once more, at what was being stored too.
    [[nodiscard]] response result();
    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return request_.timeout; }

 private:
    using found_records = std::map<inspector::record_id, inspector::record>;
    enum class states : std::uint8_t { ended, any };
    /// How far the history has been read.
    struct reading {
        states which = states::ended;
        inspector::record_id after = 0;
        found_records found{};  ///< of records in an order: the first of each step so far
    };

    /// Records that have changed, and are compared with one filter after the other.
    struct news {
        std::vector<inspector::record_id> ids;
        std::size_t step = 0;
        changed_records records;
    };

    [[nodiscard]] bool is_ordered() const noexcept { return request_.steps.size() > 1; }
    [[nodiscard]] std::size_t wanted() const noexcept;
    [[nodiscard]] bool is_full() const noexcept { return matched_.size() >= wanted(); }
    void read_all(states which) { reading_ = reading{.which = which, .after = request_.after}; }
    void read_page();
    /// Takes the first record that matches the next step; false: the page has none.
    [[nodiscard]] bool take_step(std::vector<inspector::record>& page);
    void look_at(std::vector<inspector::record_id> ids);
    void look_at_news();
    /// The next page of what is new, or else of the history.
    void read_on();
    void read_news();
    /// Reads to the end, and looks at what came meanwhile. Throws api_error where that takes too long.
    void look_to_the_end();
    [[nodiscard]] response what_was_found();
    [[nodiscard]] nlohmann::ordered_json misses() const;
    [[nodiscard]] inspector::record_id last_seen() const;

    const services& services_;
    wait_request request_;
    std::uint64_t position_ = 0;
    found_records matched_;
    std::optional<reading> reading_;
    std::optional<news> news_;
    std::optional<response> failure_;  ///< then this is the result
};

}  // namespace tunnel::inspector_http
