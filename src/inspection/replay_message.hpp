#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "inspector/record.hpp"
#include "inspector_http/replayer.hpp"
#include "tunnel/http/head.hpp"

namespace tunnel::inspection {

class webhook_judge;

/// Names the record that a request replays.
inline constexpr std::string_view replay_field = "Tunnel-Replay-Of";

/// The request of a record as it is sent to the app again: the same method, target, fields and body bytes, in the same
/// framing.
struct replay_message {
    http::request_head head;
    std::string body;
    bool chunked = false;
    bool edited = false;
    http::field_list trailers;
};

/// `judge` signs again where the options ask for that; null: no secret is known.
[[nodiscard]] std::variant<replay_message, inspector_http::replay_refusal> make_replay(
    const inspector::record& of, const inspector_http::replay_options& options, const webhook_judge* judge);

}  // namespace tunnel::inspection
