#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/exchange_observer.hpp"
#include "inspector/history.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspection {

class webhook_judge;

struct capture_settings {
    std::size_t body_bytes = inspector::limits::body_bytes;   ///< kept of each body
    std::size_t open_bytes = inspector::limits::open_bodies;  ///< kept of the bodies of all open exchanges
    std::string app;                                          ///< HOST:PORT of the local app, or "echo"
    std::shared_ptr<const webhook_judge> judge;               ///< of signatures; null: they are not judged
};

/// Whether the last connection to the app succeeded.
enum class app_reached : std::uint8_t { unknown, yes, no };

/// Label of a record whose request's body did not arrive whole: the caller or the app ended the exchange before.
inline constexpr std::string_view incomplete_request = "incomplete";

/// Label of a replay that sent something else than the record has.
inline constexpr std::string_view edited_replay = "edited";

/// What a replay adds to the record of its exchange.
struct replay_of {
    inspector::record_id parent = 0;
    bool edited = false;
    std::string public_url;
    std::string app;  ///< HOST:PORT that it is sent to
    /// Called on the strand of the exchange once its record is complete.
    std::function<void(const std::shared_ptr<const inspector::record>&)> finished;
};

/// Records every exchange of the client into a history. Outlives the client. Any thread.
class capture final : public client::exchange_tap {
 public:
    /// `changed` is called where reached() changes; it returns at once.
    capture(inspector::history& records, capture_settings settings, std::function<void()> changed = {});

    [[nodiscard]] std::shared_ptr<client::exchange_observer> begin(const protocol::request& request) override;
    [[nodiscard]] std::shared_ptr<client::exchange_observer> begin_replay(const protocol::request& request,
                                                                          replay_of replay);

    [[nodiscard]] app_reached reached() const noexcept { return reached_.load(std::memory_order_relaxed); }
    /// Exchanges that could not be recorded, and bodies cut because the open exchanges held too much.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t bodies_dropped() const noexcept {
        return bodies_dropped_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] const capture_settings& settings() const noexcept { return settings_; }

    // --- for recorders

    [[nodiscard]] inspector::history& records() noexcept { return records_; }
    /// False: the open exchanges hold as much as they may.
    [[nodiscard]] bool hold(std::size_t bytes) noexcept;
    void release(std::size_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }
    void note_cut_body() noexcept;
    void note_dropped() noexcept;
    void note_reached(app_reached now);

 private:
    inspector::history& records_;
    capture_settings settings_;
    std::function<void()> changed_;
    std::atomic<std::size_t> held_ = 0;
    std::atomic<app_reached> reached_ = app_reached::unknown;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::atomic<std::uint64_t> bodies_dropped_ = 0;
};

}  // namespace tunnel::inspection
