#include "faults/request_fault.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/log.hpp"
#include "client/collected_body.hpp"
#include "http/status.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::faults {

void request_fault::serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
                          forward to_app) {
    started_ = io::clock::now();
    exchange_ = std::move(exchange);
    request_ = std::move(request);
    to_app_ = std::move(to_app);
    exchange_->on_incoming([self = shared_from_this()] { self->incoming_arrived(); });
    incoming_arrived();
}

void request_fault::incoming_arrived() {
    if (state_ == state::over) return;
    // A request that has ended, or a client that is stopping, waits for nothing.
    if (exchange_->over() || exchange_->stop_requested()) return pass_on();
    if (state_ == state::collecting && client::collect_body(*exchange_, **request_, observer_.get())) act();
}

void request_fault::act() {
    state_ = state::holding;
    switch (rule_.what) {
        case action::status:
            return respond();
        case action::reset:
            return reset();
        case action::hold:
            return hooks_.hold([self = shared_from_this()] { self->pass_on(); });
        default:
            break;
    }
    const auto& request = **request_;
    if (request.end) {
        protocol::request copy;
        copy.head = request.head;
        copy.body.append(request.body.view());
        copy.end = true;
        copy.trailers = request.trailers;
        copy.from = request.from;
        hooks_.deliver_too(std::move(copy));
    } else {
        spdlog::warn("fault {}: a body above {} KiB, or a switch of protocols, is delivered once", id_,
                     tunnel::limits::initial_window / tunnel::limits::kib);
    }
    pass_on();
}

void request_fault::pass_on() {
    if (std::exchange(state_, state::over) == state::over) return;
    exchange_->on_incoming(nullptr);
    // Not inside what arrives: the session may take more.
    io::post_to(strand_, [self = shared_from_this()] {
        self->to_app_(std::move(self->exchange_), std::move(*self->request_));
        self->to_app_ = nullptr;
    });
}

void request_fault::respond() {
    state_ = state::over;
    exchange_->on_incoming(nullptr);
    const auto& request = **request_;
    const auto text = fmt::format("tunnel-client: {} on purpose, by fault {}\n", rule_.status, id_);
    const auto has_body = rule_.status != 204 && rule_.status != 304;
    protocol::response response;
    response.head.status = rule_.status;
    response.head.reason = http::reason_phrase(rule_.status);
    if (has_body) response.head.fields.add("Content-Type", "text/plain; charset=utf-8");
    response.head.fields.add("Cache-Control", "no-store");
    if (rule_.retry_after) response.head.fields.add("Retry-After", std::to_string(*rule_.retry_after));
    response.head.fields.add("X-Tunnel-Fault", std::to_string(id_));
    if (has_body) response.head.content_length = text.size();
    if (has_body && request.head.method != "HEAD") response.body.append(text);
    response.end = true;
    exchange_->send(std::move(response));
    if (!request.end) exchange_->stop_peer();
    log(rule_.status);
    if (observer_) observer_->ended(mux::failure::none, false);
}

void request_fault::reset() {
    state_ = state::over;
    exchange_->on_incoming(nullptr);
    exchange_->cancel(protocol::cancel_reason::reset);
    log(0);
    if (observer_) observer_->ended(mux::failure::none, false);
}

void request_fault::log(unsigned status) const {
    const auto& request = **request_;
    const auto note = fmt::format("fault {}", id_);
    request_line line;
    line.method = request.head.method;
    line.target = request.head.target;
    line.status = status;
    line.took = io::clock::now() - started_;
    line.note = note;
    line.caller = request.from.caller;
    line.id = request.head.fields.find(request_id_field);
    line.connection = request.from.connection;
    line.number = request.id;
    log_request(line);
}

}  // namespace tunnel::faults
