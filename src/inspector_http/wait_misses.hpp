#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "inspector_http/services.hpp"
#include "inspector_http/wait_search.hpp"

namespace tunnel::inspector_http {

/// The records newer than `after` that are nearest to the step, each with the clauses that it does not meet. `skip` is
/// true of records that were counted already; `late_for` is the record that had to arrive before, or 0.
[[nodiscard]] nlohmann::ordered_json nearest_misses(const services& s, const wait_request::step& step,
                                                    inspector::record_id after, inspector::record_id late_for,
                                                    const std::function<bool(inspector::record_id)>& skip);

}  // namespace tunnel::inspector_http
