#include "faults/fault_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "faults/limits.hpp"
#include "faults/request_fault.hpp"
#include "faults/request_record.hpp"
#include "faults/response_fault.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::faults {

namespace {

using clock = std::chrono::steady_clock;

bool is_of_response(action what) { return what == action::delay || what == action::drop || what == action::truncate; }

}  // namespace

fault_gate::fault_gate(io::runtime& rt, const client::options& settings, surroundings around)
    : runtime_(rt),
      settings_(settings),
      around_(std::move(around)),
      rules_(around_.random, open_),
      strand_(rt.new_strand()),
      tick_(strand_, [this] { tick(); }) {}

// --- the rules

std::variant<active_rule, std::string> fault_gate::add(std::string_view text,
                                                       std::optional<std::chrono::milliseconds> lasts) {
    auto parsed = parse_rule(text);
    if (const auto* wrong = std::get_if<rule_error>(&parsed)) return wrong->message;
    auto& made = std::get<rule>(parsed);
    if (lasts && *lasts > limits::longest_rule) return "a fault lasts 24h at most";
    if (lasts) made.lasts = lasts;
    active_rule row;
    row.text = made.text;
    row.left = made.lasts;
    const auto id = rules_.add(std::move(made), clock::now());
    if (!id) return fmt::format("there are {} faults already; remove one", limits::rules);
    row.id = *id;
    const auto for_how_long =
        row.left ? fmt::format(" for {:g} s", std::chrono::duration<double>(*row.left).count()) : std::string();
    around_.say(fmt::format("fault {} is on{}: {}", row.id, for_how_long, row.text));
    changed();
    return row;
}

bool fault_gate::remove(std::uint64_t id) {
    if (!rules_.remove(id)) return false;
    around_.say(fmt::format("fault {} is off", id));
    changed();
    return true;
}

void fault_gate::clear() {
    if (!open()) return;
    rules_.clear();
    around_.say("all faults are off");
    changed();
}

void fault_gate::changed() {
    if (changed_) changed_();
    io::post_to(strand_, [self = shared_from_this()] { self->set_tick(); });
}

// --- what takes a detour

inspector::record fault_gate::described(const protocol::request& request) const {
    auto r = record_of(request);
    if (around_.recognise) r.webhook = around_.recognise(r);
    return r;
}

std::shared_ptr<client::exchange_detour> fault_gate::begin(const protocol::request& request, const io::executor& strand,
                                                           const std::shared_ptr<client::exchange_observer>& observer) {
    auto chosen = rules_.choose(described(request), clock::now());
    if (!chosen) return nullptr;
    if (observer) observer->labelled("fault");
    spdlog::info("fault {} ({}): {} {}", chosen->id, to_string(chosen->by.what), request.head.method,
                 std::string_view(request.head.target).substr(0, tunnel::limits::log_target));
    if (is_of_response(chosen->by.what)) return std::make_shared<response_fault>(strand, std::move(chosen->by));
    request_fault_hooks hooks;
    hooks.deliver_too = [self = shared_from_this()](protocol::request copy) { self->deliver_too(std::move(copy)); };
    hooks.hold = [self = shared_from_this(), id = chosen->id, by = chosen->by, strand](std::function<void()> release) {
        auto on_strand = [strand, release = std::move(release)] { io::post_to(strand, release); };
        io::post_to(self->strand_, [self, id, by, on_strand = std::move(on_strand)] { self->hold(id, by, on_strand); });
    };
    return std::make_shared<request_fault>(strand, chosen->id, std::move(chosen->by), observer, std::move(hooks));
}

void fault_gate::deliver_too(protocol::request request) {
    if (settings_.echo) return;  // there is no app
    auto observer = tap_ == nullptr ? nullptr : tap_->begin(request);
    if (observer) observer->labelled("fault");
    const auto started = std::make_shared<second_delivery>(runtime_.new_strand(), settings_, app_);
    started->start(std::move(request), std::move(observer));
    io::post_to(strand_, [self = shared_from_this(), started] {
        if (self->stopped_) return started->stop();
        std::erase_if(self->deliveries_, [](const auto& each) { return each.expired(); });
        self->deliveries_.push_back(started);
    });
}

// --- requests that wait for each other

void fault_gate::hold(std::uint64_t id, const rule& by, std::function<void()> release) {
    if (stopped_) return release();
    auto& waiting = held_[id];
    if (waiting.release.empty()) waiting.until = clock::now() + by.time;
    waiting.release.push_back(std::move(release));
    if (waiting.release.size() >= by.count) {
        release_all(waiting);
        held_.erase(id);
    }
    set_tick();
}

void fault_gate::release_all(held_group& waiting) {
    std::ranges::reverse(waiting.release);
    for (const auto& release : waiting.release) release();
    waiting.release.clear();
}

void fault_gate::tick() {
    const auto now = clock::now();
    for (auto& [id, waiting] : held_) {
        if (now >= waiting.until) release_all(waiting);
    }
    std::erase_if(held_, [](const auto& each) { return each.second.release.empty(); });
    if (rules_.remove_ended(now)) {
        around_.say(open() ? "a fault has ended" : "the last fault has ended");
        if (changed_) changed_();
    }
    set_tick();
}

void fault_gate::set_tick() {
    if (stopped_) return;
    auto next = rules_.next_end();
    for (const auto& [id, waiting] : held_) next = std::min(next.value_or(waiting.until), waiting.until);
    if (!next) return tick_.clear();
    const auto left = std::max(*next - clock::now(), clock::duration(0));
    tick_.set(std::chrono::ceil<std::chrono::milliseconds>(left));
}

void fault_gate::stop() {
    io::post_to(strand_, [self = shared_from_this()] {
        self->stopped_ = true;
        self->tick_.stop();
        for (auto& [id, waiting] : self->held_) release_all(waiting);
        self->held_.clear();
        for (const auto& each : self->deliveries_) {
            if (const auto still = each.lock()) still->stop();
        }
        self->rules_.clear();
    });
}

}  // namespace tunnel::faults
