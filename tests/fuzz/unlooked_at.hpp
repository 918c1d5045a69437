#pragma once

#include "tunnel/protocol/field_list.hpp"

namespace tunnel::fuzz {

/// The same lines, of which nobody says that they are sound: is_writable has to look at each.
inline protocol::field_list unlooked_at(const protocol::field_list& fields) {
    protocol::field_list same;
    for (const auto [name, value] : fields) same.add(name, value);
    return same;
}

}  // namespace tunnel::fuzz
