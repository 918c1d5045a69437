#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "inspector/history_queue.hpp"
#include "inspector/history_store.hpp"
#include "inspector/record_id.hpp"

namespace tunnel::inspector {

/// Where readers look: the file, the memory, or first the one and then the other.
struct history_sources {
    std::string file;              ///< path; empty where there is none to read
    std::string memory;            ///< name for history_reader; empty where there is none
    std::uint64_t generation = 0;  ///< changes with each other value here
    std::string problem;
};

/// Stores batches of changes in the file, or in memory while the file cannot be used.
class history_writer {
 public:
    history_writer(history_settings settings, history::notice_function notice, history::change_function changed);
    ~history_writer();

    [[nodiscard]] history_queue& queue() noexcept { return queue_; }
    [[nodiscard]] history_sources sources() const;
    [[nodiscard]] id_source& ids() noexcept { return *ids_; }
    /// A reader met damage: the writer looks at the file and sets it aside if there is any.
    void suspect_damage() noexcept { damage_suspected_ = true; }
    /// The writer gives back what past batches needed, at its next look at the file.
    void release_memory() noexcept { release_wanted_ = true; }

 private:
    using clock = std::chrono::steady_clock;

    void open_first();
    [[nodiscard]] std::unique_ptr<history_store> open_file();
    [[nodiscard]] bool set_file_aside(std::string_view why, std::string_view detail);
    void fall_back(std::string_view why);
    void try_file_again();
    void run();
    void look_after_file();
    void release_kept(std::vector<change::any>& changes);
    void store(std::vector<change::any>& changes);
    void store_when_idle(std::vector<change::any>& changes);
    void store_batch(std::span<const change::any> batch);
    /// What to do after a failure: try the batch again, or drop it.
    [[nodiscard]] bool recover(const sqlite::error& failure, clock::time_point began);
    void apply_to_kept_file(std::span<const change::any> batch);
    void publish(std::string problem);

    history_settings settings_;
    history::notice_function notice_;
    history::change_function changed_;
    history_queue queue_;
    std::unique_ptr<id_source> ids_;
    std::unique_ptr<history_store> file_;
    std::unique_ptr<history_store> memory_;
    std::string memory_name_;
    file_identity file_identity_;
    clock::time_point next_file_try_;
    std::uint64_t sequence_ = 0;
    std::atomic<bool> damage_suspected_ = false;
    std::atomic<bool> release_wanted_ = false;
    mutable std::mutex sources_mutex_;
    history_sources sources_;
    std::thread thread_;
};

}  // namespace tunnel::inspector
