#pragma once

#include "client/exchange_observer.hpp"
#include "mux/exchange.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// Moves what has arrived of a request's body into the request, without giving credit back. False: more is to come, and
/// may be waited for. True: the body is whole, has as much as is kept, or no more of it comes; `request.end` says
/// whether it is whole. `observer` may be null.
[[nodiscard]] bool collect_body(mux::exchange& exchange, protocol::request& request, exchange_observer* observer);

}  // namespace tunnel::client
