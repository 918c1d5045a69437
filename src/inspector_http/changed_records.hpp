#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "inspector/query.hpp"
#include "inspector/record.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

/// Finds out which of some records match a filter, a page of the history at a time: a slow filter leaves the workers to
/// others in between. One thread at a time.
class changed_records {
 public:
    using found_records = std::map<inspector::record_id, inspector::record>;

    /// `s` outlives this.
    changed_records(const services& s, inspector::query filter, std::vector<inspector::record_id> ids);

    /// Reads the next page, in the time of a list. True once all records were looked at.
    [[nodiscard]] bool look();
    /// Those that match, as list() gives them.
    [[nodiscard]] found_records take() noexcept { return std::move(found_); }

 private:
    [[nodiscard]] std::size_t end_of_range() const noexcept;

    const services* services_;
    inspector::page_request next_;
    std::vector<inspector::record_id> ids_;  // in order, each once
    std::size_t first_ = 0;                  // of the range that is read
    std::size_t end_ = 0;
    found_records found_;
};

}  // namespace tunnel::inspector_http
