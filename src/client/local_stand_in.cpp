#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "client/collected_body.hpp"
#include "client/local_exchange.hpp"
#include "http/status.hpp"
#include "tunnel/base/text.hpp"

/// The part of local_exchange that lets something else respond in the app's place (--stub).
namespace tunnel::client {

using mux::failure;

namespace {

bool has_no_body(unsigned status) { return status == 204 || status == 304; }

}  // namespace

bool local_exchange::is_absence(failure why) {
    return why == failure::local_refused || why == failure::local_unreachable || why == failure::local_connect_timeout;
}

// What is there of the body decides which rule applies.
io::awaitable<bool> local_exchange::has_stand_in(app_stand_in::moment when) {
    const auto& by = app_.settings().stand_in;
    if (!by || !request_->head.upgrade.empty()) co_return false;
    if (when == app_stand_in::moment::before_app && !by->precedes_app()) co_return false;
    const auto expects = !request_->end && iequals(request_->head.fields.find("Expect"), "100-continue");
    if (expects && !told_to_continue_) {
        told_to_continue_ = true;
        protocol::response go_on;
        go_on.head.status = 100;
        go_on.head.reason = "Continue";
        exchange_->send(std::move(go_on));
    }
    while (!collect_body(*exchange_, *request_, observer_.get())) co_await exchange_->wait_incoming();
    if (request_->end && std::exchange(upload_, upload::none) == upload::due) incoming_arrived();
    if (caller_left_ || exchange_->over()) co_return false;
    make_stand_in_ = by->choose(*request_, when);
    co_return static_cast<bool>(make_stand_in_);
}

io::awaitable<bool> local_exchange::stand_in(app_stand_in::moment when) {
    if (response_ == progress::whole) co_return true;
    if (caller_left_) co_return false;
    const auto there = co_await has_stand_in(when);
    if (!there) co_return false;
    struct made_response {
        std::optional<app_stand_in::response> what;
        bool done = false;
        io::event changed;
    };
    const auto made = std::make_shared<made_response>();
    std::exchange(make_stand_in_, nullptr)(app_.strand(), [made](std::optional<app_stand_in::response> what) {
        made->what = std::move(what);
        made->done = true;
        made->changed.notify();
    });
    while (!made->done) co_await made->changed.wait();
    if (!made->what || caller_left_ || exchange_->over()) co_return false;
    co_await send_in_place(std::move(*made->what));
    co_return true;
}

io::awaitable<void> local_exchange::send_in_place(app_stand_in::response whole) {
    if (observer_) {
        observer_->labelled("stub");
        observer_->labelled(fmt::format("stub-{}", whole.rule));
    }
    std::string_view rest = whole.body;
    if (request_->head.method == "HEAD" || has_no_body(whole.head.status)) rest = {};
    const auto take = [&](byte_buffer& to) {
        const auto size = std::min(rest.size(), exchange_->room());
        to.append(rest.substr(0, size));
        rest.remove_prefix(size);
        body_bytes_ += size;
        return rest.empty();
    };
    protocol::response response;
    response.head = std::move(whole.head);
    response.head.reason = http::reason_phrase(response.head.status);
    if (!has_no_body(response.head.status)) response.head.content_length = whole.body.size();
    status_ = response.head.status;
    stand_in_note_ = fmt::format("stub {}", whole.rule);
    response.end = take(response.body);
    exchange_->send(std::move(response));
    while (!rest.empty() && !exchange_->over()) {
        co_await exchange_->wait_room();
        protocol::data part;
        part.end = take(part.body);
        exchange_->send(std::move(part));
    }
    response_ = progress::whole;
    if (!observer_ && upload_ == upload::due) exchange_->stop_peer();  // else show_unsent_body reads on
}

}  // namespace tunnel::client
