#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "inspector_http/replayer.hpp"
#include "inspector_http/response.hpp"

namespace tunnel::inspector_http {

/// A ReplayRequest of docs/inspector-api.yaml. Throws api_error: 400 `bad_request` or `bad_edit`, 403 `target_refused`
/// where `to` is not on loopback or is the inspector's own port.
[[nodiscard]] replay_options parse_replay(const nlohmann::json& body, std::uint16_t own_port);

/// The error that a refusal becomes.
[[nodiscard]] api_error error_of(const replay_refusal& refusal);

}  // namespace tunnel::inspector_http
