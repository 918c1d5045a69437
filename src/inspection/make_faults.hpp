#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/options.hpp"
#include "faults/fault_gate.hpp"
#include "inspection/options.hpp"
#include "io/runtime.hpp"

namespace tunnel::inspection {

/// The faults of a client, with those of its settings on. `say` gets lines for the user, on any thread.
[[nodiscard]] std::shared_ptr<faults::fault_gate> make_faults(io::runtime& rt, const client::options& client_settings,
                                                              const options& settings,
                                                              std::function<void(const std::string&)> say);

}  // namespace tunnel::inspection
