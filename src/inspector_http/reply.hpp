#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "inspector_http/response.hpp"

namespace tunnel::inspector_http {

class event_source;
class wait_search;

/// A body too large to be held: `next` gives one part after the other, on a worker, and nothing at the end.
struct body_stream {
    response head;
    std::function<std::optional<std::string>()> next;
};

/// A response that comes later: `start` is given where it goes, once, on any thread. What it returns cancels what can
/// be cancelled when it is destroyed.
struct deferred {
    std::function<std::shared_ptr<void>(std::function<void(response)>)> start;
};

/// What a handler gives.
using reply =
    std::variant<response, body_stream, deferred, std::shared_ptr<wait_search>, std::shared_ptr<event_source>>;

}  // namespace tunnel::inspector_http
