#pragma once

#include <string>

namespace tunnel::inspection {

/// Where secrets and schemes of webhooks come from, besides the environment.
struct webhook_files {
    std::string secrets;  ///< empty: none
    std::string schemes;  ///< of the user's own; empty: none
};

}  // namespace tunnel::inspection
