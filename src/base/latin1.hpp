#pragma once

#include <string>
#include <string_view>

namespace tunnel {

/// UTF-8 of the text whose characters U+0000 to U+00FF are the bytes: JSON is text, and bytes of a field are not always
/// UTF-8.
[[nodiscard]] std::string latin1_to_utf8(std::string_view bytes);

}  // namespace tunnel
