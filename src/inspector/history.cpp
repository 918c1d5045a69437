#include "inspector/history.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "inspector/history_reader.hpp"
#include "inspector/history_writer.hpp"

namespace tunnel::inspector {

namespace {

/// Connections that wait for the next reader; more are opened while more read at once.
constexpr std::size_t idle_readers = 4;

time_point now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

}  // namespace

std::string default_history_path() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::string{value ? value : ""};
    };
    auto state = variable("XDG_STATE_HOME");
    // The base directory specification has relative paths ignored.
    if (!state.starts_with('/')) {
        const auto home = variable("HOME");
        if (!home.starts_with('/')) return {};
        state = home + "/.local/state";
    }
    return state + "/tunnel/history.db";
}

class history::state {
 public:
    state(history_settings settings, notice_function notice, change_function changed)
        : writer(std::move(settings), std::move(notice), std::move(changed)) {}

    /// Runs `use(reader)` on the file, the memory, or both; newer records are in memory. Stops once `use` says so.
    template <class Use>
    void read(bool oldest_first, Use use) {
        const auto sources = writer.sources();
        std::vector<std::string> names;
        for (const auto& name : {sources.memory, sources.file}) {
            if (!name.empty()) names.push_back(name);
        }
        if (oldest_first) std::ranges::reverse(names);
        for (const auto& name : names) {
            try {
                auto reader = borrow(name, sources.generation);
                const bool more = use(*reader);
                give_back(name, sources.generation, std::move(reader));
                if (!more) return;
            } catch (const sqlite::error& failure) {
                if (failure.code() == SQLITE_CORRUPT || failure.code() == SQLITE_NOTADB) writer.suspect_damage();
                throw;
            }
        }
    }

    void release_memory() {
        {
            const std::lock_guard lock(mutex_);
            idle_.clear();
        }
        writer.release_memory();
    }

    history_writer writer;

 private:
    struct idle_reader {
        std::string name;
        std::uint64_t generation;
        std::unique_ptr<history_reader> reader;
    };

    std::unique_ptr<history_reader> borrow(const std::string& name, std::uint64_t generation) {
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(idle_, [&](const auto& idle) { return idle.generation != generation; });
            const auto found = std::ranges::find(idle_, name, &idle_reader::name);
            if (found != idle_.end()) {
                auto reader = std::move(found->reader);
                idle_.erase(found);
                return reader;
            }
        }
        return std::make_unique<history_reader>(name);
    }

    void give_back(const std::string& name, std::uint64_t generation, std::unique_ptr<history_reader> reader) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < idle_readers) idle_.push_back({name, generation, std::move(reader)});
    }

    std::mutex mutex_;
    std::vector<idle_reader> idle_;
};

history::history(history_settings settings, notice_function notice, change_function changed)
    : off_ids_(std::make_unique<id_source>(0)) {
    if (settings.mode == history_mode::off) return;
    settings_path_ = settings.path;
    state_ = std::make_unique<state>(std::move(settings), std::move(notice), std::move(changed));
}

history::~history() = default;

record_id history::next_id() { return (state_ ? state_->writer.ids() : *off_ids_).next(now()); }

bool history::drops_next() noexcept { return state_ && state_->writer.queue().drops_next(); }

void history::put(std::shared_ptr<const record> r) {
    if (!state_) return;
    const auto size = memory_size(*r);
    const auto id = r->id;
    const bool last = r->state != record_state::pending;
    state_->writer.queue().push_or_drop(change::put{std::move(r)}, size, id, last);
}

void history::put(std::shared_ptr<unfinished_record> r) {
    if (!state_) return;
    const auto size = r->size();
    const auto id = r->id();
    const bool last = r->is_last();
    state_->writer.queue().push_or_drop(change::unfinished{std::move(r)}, size, id, last);
}

void history::append(std::shared_ptr<const record> part) {
    if (!state_) return;
    const auto size = memory_size(*part);
    const auto id = part->id;
    state_->writer.queue().push_or_drop(change::append{std::move(part)}, size, id, false);
}

void history::annotate(record_id id, user_note note) {
    if (state_) state_->writer.queue().push(change::user{id, std::move(note)});
}

void history::annotate(record_id id, webhook_note note) {
    if (state_) state_->writer.queue().push(change::webhook{id, std::move(note)});
}

void history::remove(std::vector<record_id> ids) {
    if (state_) state_->writer.queue().push(change::remove{std::move(ids)});
}

void history::clear(bool keep_marked) {
    if (state_) state_->writer.queue().push(change::clear{keep_marked});
}

void history::import(record r) {
    if (!state_) return;
    const auto size = memory_size(r);
    state_->writer.queue().push_when_room(change::import{std::make_shared<const record>(std::move(r))}, size);
}

void history::flush() {
    if (!state_) return;
    auto done = std::make_shared<std::promise<void>>();
    auto stored = done->get_future();
    state_->writer.queue().push(change::flush{std::move(done)});
    stored.wait();
}

void history::release_memory() {
    if (state_) state_->release_memory();
}

history_page history::list(const page_request& request) const {
    history_page page;
    if (!state_) return page;
    if (lists_are_refused_) {
        page.error = "tunnel-client is stopping";
        return page;
    }
    try {
        auto rest = request;
        state_->read(request.oldest_first, [&](history_reader& reader) {
            auto part = reader.list(rest);
            rest.limit -= std::min(rest.limit, part.items.size());
            std::ranges::move(part.items, std::back_inserter(page.items));
            page.next = part.next;
            if (part.searched_to != time_point{}) page.searched_to = part.searched_to;
            // A full page ends here although the other source may have more: its cursor is the last record.
            if (rest.limit == 0 && page.next == 0) page.next = page.items.back().id;
            return page.next == 0;
        });
    } catch (const sqlite::error& failure) {
        page.error = failure.what();
    }
    return page;
}

void history::each_outcome(const query& filter, record_id after, std::chrono::milliseconds time,
                           const outcome_function& use) const {
    if (!state_) return;
    const auto deadline = std::chrono::steady_clock::now() + time;
    try {
        state_->read(false, [&](history_reader& reader) { return reader.each_outcome(filter, after, deadline, use); });
    } catch (const sqlite::error&) {
        return;  // list() says why
    }
}

std::optional<record> history::find(record_id id) const {
    std::optional<record> found;
    if (!state_) return found;
    try {
        state_->read(false, [&](history_reader& reader) {
            found = reader.find(id);
            return !found;
        });
    } catch (const sqlite::error&) {
        return std::nullopt;  // list() says why
    }
    return found;
}

std::vector<record> history::children(record_id parent) const {
    std::vector<record> all;
    if (!state_) return all;
    try {
        state_->read(true, [&](history_reader& reader) {
            std::ranges::move(reader.children(parent), std::back_inserter(all));
            return true;
        });
    } catch (const sqlite::error&) {
        return all;
    }
    return all;
}

std::vector<record> history::attempts(std::string_view provider, std::string_view delivery) const {
    std::vector<record> all;
    if (!state_) return all;
    try {
        state_->read(true, [&](history_reader& reader) {
            std::ranges::move(reader.attempts(provider, delivery), std::back_inserter(all));
            return true;
        });
    } catch (const sqlite::error&) {
        return all;
    }
    return all;
}

std::vector<record_relations> history::relations(const std::vector<record_id>& ids) const {
    std::vector<record_relations> all(ids.size());
    if (!state_) return all;
    try {
        state_->read(true, [&](history_reader& reader) {
            reader.add_relations(ids, all);
            return true;
        });
    } catch (const sqlite::error&) {
        return all;  // list() says why
    }
    return all;
}

history_status history::status() const {
    history_status status;
    if (!state_) return status;
    const auto sources = state_->writer.sources();
    status.mode = sources.memory.empty() ? history_mode::file : history_mode::memory;
    status.path = settings_path_;
    status.problem = sources.problem;
    status.dropped = state_->writer.queue().dropped();
    try {
        state_->read(false, [&](history_reader& reader) {
            const auto totals = reader.totals();
            status.records += totals.records;
            status.marked += totals.marked;
            status.bytes += totals.bytes;
            return true;
        });
    } catch (const sqlite::error& failure) {
        status.problem = failure.what();
    }
    return status;
}

}  // namespace tunnel::inspector
