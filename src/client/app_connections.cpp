#include "client/app_connections.hpp"

#include <utility>

namespace tunnel::client {

namespace {

bool is_open(const std::weak_ptr<mux::stream>& latest) {
    const auto s = latest.lock();
    return s && !s->closed();
}

}  // namespace

app_connections::app_connections(io::runtime& rt, const options& settings, std::shared_ptr<app_knowledge> app)
    : runtime_(rt), settings_(settings), app_(std::move(app)) {}

std::shared_ptr<app_session> app_connections::new_session() const {
    return std::make_shared<app_session>(runtime_.new_strand(), settings_, app_);
}

std::shared_ptr<app_session> app_connections::session_for_one() const {
    auto session = new_session();
    session->finish();
    return session;
}

std::shared_ptr<app_session> app_connections::session_for(std::uint64_t number, const std::shared_ptr<mux::stream>& s) {
    if (number == 0) return session_for_one();
    const auto [found, is_new] = by_number_.try_emplace(number);
    auto& kept = found->second;
    if (is_new) kept.session = new_session();
    if (is_open(kept.latest)) return session_for_one();
    kept.latest = s;
    return kept.session;
}

void app_connections::closed(std::uint64_t number) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) return;
    found->second.session->finish();
    by_number_.erase(found);
}

void app_connections::finish_all() {
    for (const auto& [number, kept] : by_number_) kept.session->finish();
    by_number_.clear();
}

}  // namespace tunnel::client
