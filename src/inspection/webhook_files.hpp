#pragma once

#include <string>
#include <vector>

#include "webhook/scheme.hpp"
#include "webhook/secrets.hpp"

namespace tunnel::inspection {

/// Where secrets and schemes of webhooks come from, besides the environment.
struct webhook_files {
    std::string secrets;  ///< empty: none
    std::string schemes;  ///< of the user's own; empty: none
};

/// What stands in the files and in the environment.
struct webhook_knowledge {
    std::vector<webhook::scheme> schemes;
    std::vector<webhook::secret> secrets;
};

/// Throws webhook::settings_error.
[[nodiscard]] webhook_knowledge load(const webhook_files& from);

}  // namespace tunnel::inspection
