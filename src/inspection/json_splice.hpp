#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tunnel::inspection {

/// Changes one value of a JSON text and leaves every other byte as it is: sets the value at an RFC 6901 pointer, adds
/// the member or element where its parent is there, or removes it. Returns a sentence where that cannot be done.
/// `value`: JSON text; nothing: removed.
[[nodiscard]] std::string splice_json(std::string& text, std::string_view pointer,
                                      const std::optional<std::string>& value);

}  // namespace tunnel::inspection
