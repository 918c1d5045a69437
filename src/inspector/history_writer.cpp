#include "inspector/history_writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <future>
#include <random>
#include <system_error>
#include <utility>

#include "base/platform.hpp"
#include "inspector/history_reader.hpp"

namespace tunnel::inspector {

namespace {

/// Between two looks at what time alone brings about: age, a file that was moved away or can be used again.
constexpr std::chrono::seconds look_time{1};

bool is_damage(int code) noexcept { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }
bool is_lock(int code) noexcept { return code == SQLITE_BUSY || code == SQLITE_LOCKED; }

std::string next_memory_name() {
    static std::atomic<unsigned> count = 0;
    return fmt::format("file:/tunnel-history-{}-{}?vfs=memdb", ::getpid(), ++count);
}

std::uint64_t records_in(std::span<const change::any> batch) {
    return static_cast<std::uint64_t>(std::ranges::count_if(batch, [](const auto& c) {
        const auto* put = std::get_if<change::put>(&c);
        const auto* unfinished = std::get_if<change::unfinished>(&c);
        return (put && put->r->state != record_state::pending) || (unfinished && unfinished->r->is_last()) ||
               std::holds_alternative<change::import>(c);
    }));
}

/// More than a transaction takes, in less time than it waits for them: not what has piled up because the machine was
/// busy.
bool is_flood(std::size_t offered, std::chrono::steady_clock::duration time) {
    return offered > limits::batch_changes && offered * limits::batch_time > limits::batch_changes * time;
}

}  // namespace

history_writer::history_writer(history_settings settings, history::notice_function notice,
                               history::change_function changed)
    : settings_(std::move(settings)),
      notice_(std::move(notice)),
      changed_(std::move(changed)),
      queue_(settings_.queued_changes, settings_.queued_bytes) {
    open_first();
    const auto* const active = file_ ? file_.get() : memory_.get();
    ids_ = std::make_unique<id_source>(active == file_.get() ? active->session() : std::random_device{}());
    thread_ = std::thread([this] { run(); });
}

history_writer::~history_writer() {
    queue_.close();
    thread_.join();
}

history_sources history_writer::sources() const {
    const std::lock_guard lock(sources_mutex_);
    return sources_;
}

void history_writer::publish(std::string problem) {
    const std::lock_guard lock(sources_mutex_);
    sources_.file = file_ ? settings_.path : std::string{};
    sources_.memory = memory_ ? memory_name_ : std::string{};
    ++sources_.generation;
    sources_.problem = std::move(problem);
}

void history_writer::open_first() {
    if (settings_.mode == history_mode::memory) {
        fall_back({});
        return;
    }
    try {
        file_ = open_file();
        publish({});
    } catch (const std::exception& failure) {
        fall_back(failure.what());
    }
}

/// Opens the file; one that cannot be used is set aside once.
std::unique_ptr<history_store> history_writer::open_file() {
    if (settings_.path.empty()) throw std::runtime_error("there is no folder for it: set HOME or XDG_STATE_HOME");
    for (bool again = false;; again = true) {
        prepare_history_file(settings_.path);
        file_identity_ = identity_of(settings_.path);
        try {
            return std::make_unique<history_store>(open_history_file(settings_.path), settings_, settings_.max_bytes);
        } catch (const unusable_file& failure) {
            if (again || !set_file_aside("foreign", failure.what())) throw;
        } catch (const sqlite::error& failure) {
            if (!is_damage(failure.code()) || again || !set_file_aside("corrupt", failure.what())) throw;
        }
    }
}

bool history_writer::set_file_aside(std::string_view why, std::string_view detail) {
    const auto name = set_aside(settings_.path, file_identity_, why);
    if (!name.empty() && notice_) {
        notice_(fmt::format("History {} cannot be used ({}): it was renamed to {} and a new one begun", settings_.path,
                            detail, name));
    }
    // Another program may have been faster: then there is a file to open just as well.
    return !name.empty() || identity_of(settings_.path) != file_identity_;
}

void history_writer::fall_back(std::string_view why) {
    const auto most = std::min(settings_.max_bytes, limits::memory_history_bytes);
    memory_name_ = next_memory_name();
    memory_ = std::make_unique<history_store>(open_memory_history(memory_name_), settings_, most);
    next_file_try_ = clock::now() + limits::file_retry_time;
    publish(std::string{why});
    if (!why.empty() && notice_) {
        notice_(fmt::format(
            "History {} cannot be written ({}): it goes on in memory, and the file is tried again every "
            "{} s",
            settings_.path, why, std::chrono::duration_cast<std::chrono::seconds>(limits::file_retry_time).count()));
    }
}

void history_writer::try_file_again() {
    next_file_try_ = clock::now() + limits::file_retry_time;
    try {
        auto opened = open_file();
        opened->copy_from(memory_name_);
        file_ = std::move(opened);
        memory_.reset();
        publish({});
        if (notice_) notice_(fmt::format("History {} can be written again", settings_.path));
    } catch (const std::exception&) {
        return;  // said already
    }
}

void history_writer::run() {
    std::vector<change::any> changes;
    auto last_batch = clock::time_point{};
    auto last_take = clock::now();
    auto rest_end = clock::time_point{};
    auto next_look = clock::now() + look_time;
    for (bool closed = false; !closed;) {
        closed = queue_.closed();
        const auto now = clock::now();
        const auto came =
            queue_.take(changes, closed ? history_queue::waits{now, now, now}
                                        : history_queue::waits{next_look, rest_end, last_batch + limits::batch_time});
        if (clock::now() >= next_look) {
            look_after_file();
            next_look = clock::now() + look_time;
            // Age is a bound even where nothing comes.
            if (changes.empty()) store_batch({});
            if (changes.empty() && release_wanted_.exchange(false)) release_kept(changes);
        }
        const auto taken = clock::now();
        const bool flood = is_flood(came.offered, taken - std::exchange(last_take, taken));
        if (!changes.empty()) {
            if (flood) store_when_idle(changes);
            if (!flood) store(changes);
            last_batch = clock::now();
            if (flood && came.overflowed) rest_end = last_batch + limits::flood_rest;
        }
        queue_.stored();
        changes.clear();
    }
}

/// A flood must not slow what it comes from down: it is stored in the time that no other thread wants.
void history_writer::store_when_idle(std::vector<change::any>& changes) {
    std::async(std::launch::async, [&] {
        run_when_idle();
        store(changes);
    }).get();
}

void history_writer::look_after_file() {
    if (settings_.mode == history_mode::memory) return;
    if (memory_) {
        if (clock::now() >= next_file_try_) try_file_again();
        return;
    }
    const bool damaged = damage_suspected_.exchange(false) && !history_reader(settings_.path).is_sound();
    if (identity_of(settings_.path) == file_identity_ && !damaged) return;
    file_.reset();
    try {
        if (damaged) static_cast<void>(set_file_aside("corrupt", "a reader found it damaged"));
        file_ = open_file();
        publish({});
    } catch (const std::exception& failure) {
        fall_back(failure.what());
    }
}

/// SQLite keeps pages of the file, and the two lists of the queue each had room for all it takes.
void history_writer::release_kept(std::vector<change::any>& changes) {
    if (file_) file_->release_memory();
    if (memory_) memory_->release_memory();
    queue_.release_memory(changes);
    return_free_memory();
}

void history_writer::store(std::vector<change::any>& changes) {
    std::span<const change::any> rest = changes;
    while (!rest.empty()) {
        const auto batch = rest.first(std::min(rest.size(), limits::batch_changes));
        store_batch(batch);
        rest = rest.subspan(batch.size());
        for (const auto& c : batch) {
            if (const auto* flush = std::get_if<change::flush>(&c)) flush->done->set_value();
        }
    }
}

void history_writer::store_batch(std::span<const change::any> batch) {
    const auto began = clock::now();
    for (;;) {
        try {
            const auto now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
            auto seen = (memory_ ? memory_ : file_)->apply(batch, now);
            if (memory_ && file_) apply_to_kept_file(batch);
            for (auto& c : seen) {
                c.sequence = ++sequence_;
                if (changed_) changed_(c);
            }
            return;
        } catch (const sqlite::error& failure) {
            if (recover(failure, began)) continue;
            queue_.count_dropped(records_in(batch));
            return;
        }
    }
}

bool history_writer::recover(const sqlite::error& failure, clock::time_point began) {
    if (memory_) return false;
    // Another program holds the lock; apply has waited for it.
    if (is_lock(failure.code()) && clock::now() - began < limits::locked_time && !queue_.closed()) return true;
    if (is_damage(failure.code())) {
        file_.reset();
        try {
            static_cast<void>(set_file_aside("corrupt", failure.what()));
            file_ = open_file();
            publish({});
            return true;
        } catch (const std::exception& again) {
            fall_back(again.what());
            return true;
        }
    }
    fall_back(failure.what());
    return true;
}

/// While the history goes on in memory, what users do to older records is tried on the file they are in.
void history_writer::apply_to_kept_file(std::span<const change::any> batch) {
    std::vector<change::any> kept;
    std::ranges::copy_if(batch, std::back_inserter(kept), [](const auto& c) {
        return std::holds_alternative<change::user>(c) || std::holds_alternative<change::webhook>(c) ||
               std::holds_alternative<change::remove>(c) || std::holds_alternative<change::clear>(c);
    });
    if (kept.empty()) return;
    try {
        const auto now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
        static_cast<void>(file_->apply(kept, now));
    } catch (const sqlite::error& failure) {
        if (notice_) notice_(fmt::format("History {} cannot be changed ({})", settings_.path, failure.what()));
    }
}

}  // namespace tunnel::inspector
