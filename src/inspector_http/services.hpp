#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "inspector/history.hpp"
#include "inspector_http/fault_control.hpp"
#include "inspector_http/live_feed.hpp"
#include "inspector_http/replayer.hpp"
#include "inspector_http/status_source.hpp"
#include "inspector_http/stub_source.hpp"

namespace tunnel::inspector_http {

/// What the API shows and acts on; all of it outlives the server, and is called from several threads.
struct services {
    inspector::history& history;
    live_feed& feed;
    replayer& replays;
    status_source& status;
    /// The `verification` of a record as docs/inspector-api.yaml has it, or null; may be empty.
    std::function<nlohmann::ordered_json(const inspector::record&)> verify;
    fault_control* faults = nullptr;    ///< null where no client runs
    const stub_source* stub = nullptr;  ///< null without --stub
};

}  // namespace tunnel::inspector_http
