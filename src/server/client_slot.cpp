#include "server/client_slot.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/log_text.hpp"
#include "base/statistics.hpp"
#include "io/runtime.hpp"
#include "server/tunnel_session.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

client_slot::client_slot(io::executor strand, std::size_t max_in_flight)
    : strand_(std::move(strand)), max_in_flight_(max_in_flight) {}

template <class Function>
void client_slot::on_strand(Function run) {
    io::run_on(strand_, [self = shared_from_this(), run = std::move(run)]() mutable { run(*self); });
}

void client_slot::claim(std::shared_ptr<tunnel_session> session, bool takeover) {
    on_strand([session = std::move(session), takeover](client_slot& self) mutable {
        if (self.phase_ != phase::serving)
            return session->refuse(protocol::goaway_reason::shutdown, "the server is shutting down");
        spdlog::debug("client {} asks to become active, takeover {}; active is {}", session->peer(), takeover,
                      self.active_ ? self.active_->peer() : "none");
        if (self.active_ && !takeover)
            return session->refuse(protocol::goaway_reason::busy,
                                   "another client is active, at " + self.active_->peer());
        if (self.active_ && self.was_replaced(*session)) return session->replace(self.active_->peer());
        self.swap_in(std::move(session));
    });
}

bool client_slot::was_replaced(const tunnel_session& session) const {
    const auto& instance = session.instance();
    return instance != active_->instance() && std::ranges::find(replaced_, instance) != replaced_.end();
}

void client_slot::swap_in(std::shared_ptr<tunnel_session> session) {
    const auto& instance = session->instance();
    program_statistics().client_activated(active_ != nullptr);
    const auto left_out = clients_.pass(io::clock::now());
    const auto level = left_out ? spdlog::level::info : spdlog::level::debug;
    if (left_out.value_or(0) > 0)
        spdlog::warn("{} connected or left since the last such line", counted(*left_out, "more client"));
    if (active_) {
        spdlog::log(level, "client {} takes over from client {}", session->peer(), active_->peer());
        const auto& before = active_->instance();
        if (!before.empty() && before != instance) replaced_.push_back(before);
        if (replaced_.size() > limits::replaced_clients) replaced_.pop_front();
        active_->replace(session->peer());
    }
    std::erase(replaced_, instance);
    active_ = std::move(session);
    active_->activate(level);
    if (changed_) changed_(active_->peer());
}

void client_slot::vacate() {
    if (!active_) return;
    active_ = nullptr;
    program_statistics().client_left();
    if (changed_) changed_("");
}

void client_slot::release(std::shared_ptr<tunnel_session> session) {
    on_strand([session = std::move(session)](client_slot& self) {
        if (self.active_ == session) self.vacate();
    });
}

void client_slot::open(std::shared_ptr<pending_request> waiting, mux::part<mux::outgoing> request) {
    on_strand([waiting = std::move(waiting), request = std::move(request)](client_slot& self) mutable {
        if (self.active_) {
            // Numbered here, where requests are in the order in which the client receives them: ids of streams rise.
            const auto number = self.next_number();
            return self.active_->open(std::move(waiting), std::move(request), number, self.max_in_flight_);
        }
        const auto why = self.phase_ == phase::serving ? mux::failure::no_client : mux::failure::shutting_down;
        const auto strand = waiting->strand();
        io::run_on(strand, [waiting = std::move(waiting), why] { waiting->refused(why); });
    });
}

void client_slot::drain() {
    on_strand([](client_slot& self) {
        if (self.phase_ == phase::serving) self.phase_ = phase::draining;
    });
}

void client_slot::shut_down() {
    on_strand([](client_slot& self) {
        self.phase_ = phase::shut_down;
        self.vacate();
    });
}

}  // namespace tunnel::server
