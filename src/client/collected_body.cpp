#include "client/collected_body.hpp"

#include <utility>
#include <variant>

#include "tunnel/base/limits.hpp"

namespace tunnel::client {

bool collect_body(mux::exchange& exchange, protocol::request& request, exchange_observer* observer) {
    while (!request.end && exchange.has_incoming()) {
        auto* data = std::get_if<protocol::data>(&exchange.front());
        if (data == nullptr) return true;
        if (observer != nullptr) observer->request_part(*data);
        request.body.append(data->body.view());
        request.end = data->end;
        request.trailers = std::move(data->trailers);
        static_cast<void>(exchange.take());
    }
    if (request.end || !request.head.upgrade.empty()) return true;
    // So much comes without credit being given back, which would be given twice otherwise.
    return request.head.content_length.value_or(0) > limits::initial_window ||
           request.body.size() >= limits::initial_window;
}

}  // namespace tunnel::client
