#pragma once

#include "tunnel/http/field_list.hpp"

namespace tunnel::fuzz {

/// The same lines, not marked as valid: is_writable has to check each.
inline http::field_list unlooked_at(const http::field_list& fields) {
    http::field_list same;
    for (const auto [name, value] : fields) same.add(name, value);
    return same;
}

}  // namespace tunnel::fuzz
