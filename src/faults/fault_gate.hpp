#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/app_session.hpp"
#include "client/exchange_gate.hpp"
#include "client/options.hpp"
#include "faults/rule_set.hpp"
#include "faults/second_delivery.hpp"
#include "inspector/record.hpp"
#include "io/deadline.hpp"
#include "io/runtime.hpp"

namespace tunnel::faults {

/// The faults of a client: keeps the rules, and makes the detours of the requests that meet one. Outlives the client.
/// Held by a shared_ptr.
class fault_gate final : public client::exchange_gate, public std::enable_shared_from_this<fault_gate> {
 public:
    struct surroundings {
        /// What is known of a webhook, for filters; may be empty.
        std::function<inspector::webhook_note(const inspector::record&)> recognise;
        /// Lines for the user, when faults begin and end.
        std::function<void(const std::string&)> say;
        /// Numbers from 0 to below 1.
        std::function<double()> random;
    };

    fault_gate(io::runtime& rt, const client::options& settings, surroundings around);

    /// (any thread) Called when a rule was added, removed or has ended. Set before there are rules.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    /// Before the client starts: sees the second deliveries. Null: nothing does.
    void observe(client::exchange_tap* tap) noexcept { tap_ = tap; }

    // --- any thread

    /// The rule in force, or why there is none: a sentence.
    [[nodiscard]] std::variant<active_rule, std::string> add(std::string_view text,
                                                             std::optional<std::chrono::milliseconds> lasts = {});
    bool remove(std::uint64_t id);
    void clear();
    [[nodiscard]] std::vector<active_rule> rows() { return rules_.rows(rule_set::clock::now()); }
    /// What goes on ends, so that the io_context can run out of work.
    void stop();

    // --- exchange_gate

    [[nodiscard]] std::shared_ptr<client::exchange_detour> begin(
        const protocol::request& request, const io::executor& strand,
        const std::shared_ptr<client::exchange_observer>& observer) override;

 private:
    /// Requests of one rule that wait for each other.
    struct held_group {
        std::chrono::steady_clock::time_point until;
        std::vector<std::function<void()>> release;
    };

    [[nodiscard]] inspector::record described(const protocol::request& request) const;
    void deliver_too(protocol::request request);
    void hold(std::uint64_t id, const rule& by, std::function<void()> release);
    static void release_all(held_group& waiting);
    void tick();
    void set_tick();
    void changed();

    io::runtime& runtime_;
    client::options settings_;
    surroundings around_;
    std::function<void()> changed_;
    client::exchange_tap* tap_ = nullptr;
    rule_set rules_;
    std::shared_ptr<client::app_knowledge> app_ = std::make_shared<client::app_knowledge>();

    io::executor strand_;  // of what follows
    std::map<std::uint64_t, held_group> held_;
    std::vector<std::weak_ptr<second_delivery>> deliveries_;
    bool stopped_ = false;
    io::deadline tick_;
};

}  // namespace tunnel::faults
