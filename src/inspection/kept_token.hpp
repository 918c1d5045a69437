#pragma once

#include <string>

namespace tunnel::inspection {

/// Path of the file `inspector-token` in the folder of the default history. Empty if neither HOME nor XDG_STATE_HOME is
/// set.
[[nodiscard]] std::string token_path();

/// The inspector's token of this user. It is made once and kept in a file that nobody else may read, so that an open
/// page and a bookmark still work after tunnel-client has started again. A file that others can read, that
/// holds something else, or that is 30 days old is replaced by a new one. Empty where it cannot be kept.
[[nodiscard]] std::string kept_token(const std::string& path);

}  // namespace tunnel::inspection
