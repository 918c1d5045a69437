#pragma once

#include <map>
#include <vector>

#include "inspector/query.hpp"
#include "inspector/record.hpp"
#include "inspector_http/services.hpp"

namespace tunnel::inspector_http {

/// Those of the records that are there and match, as a list shows them.
[[nodiscard]] std::map<inspector::record_id, inspector::record> matching(const services& s,
                                                                         const inspector::query& filter,
                                                                         std::vector<inspector::record_id> ids);

}  // namespace tunnel::inspector_http
