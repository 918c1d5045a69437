#include "client/app_absence.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/log_text.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

double seconds(held_requests::clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

struct app_absence::seat {
    io::executor session;
    std::optional<held_requests::number> number;  // of the owner's strand, the rest of the session's
    turn now = turn::wait;
    std::string tried;
    std::function<void()> changed;
};

// --- a request's place

app_absence::place::place(std::shared_ptr<app_absence> owner, std::shared_ptr<seat> mine)
    : owner_(std::move(owner)), seat_(std::move(mine)) {}

app_absence::place::~place() {
    seat_->changed = nullptr;
    io::run_on(owner_->strand_, [owner = owner_, seat = seat_] { owner->remove(seat); });
}

app_absence::turn app_absence::place::now() const noexcept { return seat_->now; }

const std::string& app_absence::place::tried() const noexcept { return seat_->tried; }

void app_absence::place::connected() {
    io::run_on(owner_->strand_, [owner = owner_, seat = seat_] { owner->connected(seat); });
}

void app_absence::place::refused(const std::string& tried) {
    seat_->now = turn::wait;
    io::run_on(owner_->strand_, [owner = owner_, seat = seat_, tried] { owner->refused(seat, tried); });
}

// --- all of them

app_absence::app_absence(io::executor strand, std::string app, std::chrono::milliseconds longest,
                         std::function<void(const std::string&)> say)
    : strand_(std::move(strand)),
      app_(std::move(app)),
      longest_(longest),
      say_(std::move(say)),
      held_(longest),
      tick_(strand_, [this] { act(); }) {}

std::unique_ptr<app_absence::place> app_absence::enter(const io::executor& session, std::string tried,
                                                       std::function<void()> changed) {
    const auto mine = std::make_shared<seat>();
    mine->session = session;
    mine->changed = std::move(changed);
    auto made = std::make_unique<place>(shared_from_this(), mine);
    io::run_on(strand_, [self = shared_from_this(), mine, tried = std::move(tried)]() mutable {
        self->add(mine, std::move(tried));
    });
    return made;
}

void app_absence::add(const std::shared_ptr<seat>& who, std::string tried) {
    const auto is_first = !held_.holding();
    const auto now = held_requests::clock::now();
    who->number = held_.add(now);
    if (!who->number) return give_turn(who, turn::give_up);
    seats_.emplace(*who->number, who);
    if (!tried.empty()) {
        tried_ = std::move(tried);
        held_.refused(*who->number, now);
    }
    if (is_first) {
        say_(fmt::format("waiting for the app: nothing listens at {}; requests are held, each for up to {:g} s", app_,
                         seconds(longest_)));
    }
    act();
}

void app_absence::remove(const std::shared_ptr<seat>& who) {
    if (!who->number) return;
    held_.remove(*who->number);
    seats_.erase(*who->number);
    act();
}

void app_absence::refused(const std::shared_ptr<seat>& who, std::string tried) {
    if (!who->number) return;
    tried_ = std::move(tried);
    held_.refused(*who->number, held_requests::clock::now());
    act();
}

void app_absence::connected(const std::shared_ptr<seat>& who) {
    if (!who->number) return;
    held_.connected(*who->number, held_requests::clock::now());
    act();
}

void app_absence::act() {
    const auto now = held_requests::clock::now();
    const auto made = held_.decide(now);
    if (made.connect) give_turn(seats_.at(*made.connect), turn::connect);
    for (const auto n : made.give_up) {
        give_turn(seats_.at(n), turn::give_up);
        seats_.erase(n);
    }
    if (waiting_.exchange(held_.waiting(), std::memory_order_relaxed) != held_.waiting() && changed_)
        changed_(held_.waiting());
    if (const auto all = held_.finished(now)) say_end(*all);
    if (held_.holding()) {
        tick_.set(limits::absent_retry);
    } else {
        tick_.clear();
    }
}

void app_absence::give_turn(const std::shared_ptr<seat>& to, turn now) const {
    io::post_to(to->session, [to, now, tried = tried_] {
        to->now = now;
        to->tried = tried;
        if (to->changed) to->changed();
    });
}

void app_absence::say_end(const held_requests::summary& all) const {
    auto line = all.back ? fmt::format("the app is back after {:.1f} s: ", seconds(all.lasted))
                         : fmt::format("nothing listened at {} for {:.1f} s: ", app_, seconds(all.lasted));
    line += counted(all.forwarded, "request") + " forwarded";
    if (all.given_up > 0) line += fmt::format(", {} given up", all.given_up);
    if (all.left > 0) line += fmt::format(", {} left by the caller", all.left);
    say_(line);
}

}  // namespace tunnel::client
