#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inspector/record.hpp"
#include "stub/reply.hpp"
#include "stub/rule.hpp"

namespace tunnel::stub {

/// Which rule responds to a request, and with what. Any thread.
class responder {
 public:
    /// `random`: 64 bits.
    responder(std::vector<rule> rules, std::function<std::uint64_t()> random);

    /// Whether a rule responds without asking the app.
    [[nodiscard]] bool precedes_app() const noexcept { return precedes_app_; }
    /// Whether a rule asks for the last good response.
    [[nodiscard]] bool needs_history() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
    [[nodiscard]] const rule& at(std::size_t rule) const { return rules_.at(rule); }
    /// How many responses of a rule were counted.
    [[nodiscard]] std::uint64_t responses(std::size_t rule) const { return responses_[rule]; }
    void count_response(std::size_t rule) { ++responses_[rule]; }

    /// The first rule from `from` on (they count from 0) that responds to the request; `absent`: nothing listens at the
    /// app's port.
    [[nodiscard]] std::optional<std::size_t> choose(const inspector::record& request, bool absent,
                                                    std::size_t from = 0) const;
    [[nodiscard]] bool wants_last_good(std::size_t rule) const { return rules_[rule].last_good; }
    /// The response of a rule that `choose` named. Nothing: it has one of the history only.
    [[nodiscard]] std::optional<reply> respond(std::size_t rule, const inspector::record& request,
                                               inspector::time_point now);

 private:
    [[nodiscard]] reply written(std::size_t rule, const inspector::record& request, inspector::time_point now);

    std::vector<rule> rules_;
    std::vector<std::atomic<std::uint64_t>> counters_;  // of each rule's written responses, for {{counter}}
    std::vector<std::atomic<std::uint64_t>> responses_;
    std::function<std::uint64_t()> random_;
    bool precedes_app_;
};

/// The filter that finds the records whose response may be given again for that request: of the app itself, whole, and
/// of the same method and path.
[[nodiscard]] std::string good_responses_to(const inspector::record& request);
/// The response of such a record once more.
[[nodiscard]] reply repeat(const inspector::record& good);

}  // namespace tunnel::stub
