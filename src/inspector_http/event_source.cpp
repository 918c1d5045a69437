#include "inspector_http/event_source.hpp"

#include <map>
#include <utility>

#include "inspector_http/api_json.hpp"
#include "inspector_http/changed_records.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

/// The newest change of each record, by position: what came before it is not sent.
std::vector<feed_change> newest_of(std::vector<feed_change> changes) {
    const auto of_record = [](const feed_change& change) {
        return change.what == feed_change::kind::stored || change.what == feed_change::kind::removed;
    };
    std::map<record_id, std::uint64_t> last;
    for (const auto& change : changes) {
        if (of_record(change)) last[change.id] = change.position;
    }
    std::erase_if(changes, [&](const auto& change) { return of_record(change) && last[change.id] != change.position; });
    return changes;
}

std::vector<record_id> stored_in(const std::vector<feed_change>& changes) {
    std::vector<record_id> ids;
    for (const auto& change : changes) {
        if (change.what == feed_change::kind::stored) ids.push_back(change.id);
    }
    return ids;
}

std::map<record_id, ordered_json> summaries_by_id(const history& history, std::map<record_id, record> found) {
    std::vector<record> records;
    records.reserve(found.size());
    for (auto& [id, r] : found) records.push_back(std::move(r));
    auto summaries = summaries_json(history, records);
    std::map<record_id, ordered_json> result;
    for (std::size_t i = 0; i < records.size(); ++i) result.emplace(records[i].id, std::move(summaries[i]));
    return result;
}

}  // namespace

event_source::event_source(const services& s, query filter, std::optional<std::uint64_t> resume_after)
    : services_(s), filter_(std::move(filter)), resume_after_(resume_after), status_version_(s.feed.status_version()) {}

bool event_source::has_news() const {
    return !begun_ || is_behind() || services_.feed.position() != position_ || clock::now() >= next_status();
}

event_source::clock::time_point event_source::next_status() const noexcept {
    const bool owed = counters_changed_ || services_.feed.status_version() != status_version_;
    return owed ? status_sent_ + limits::status_pause : clock::time_point::max();
}

std::string event_source::next() {
    std::string text;
    if (!begun_) add_start(text);
    add_changes(text);
    // Its id says that what comes before it was sent.
    if (!batch_) add_status(text);
    return text;
}

void event_source::add(std::string& to, std::uint64_t id, std::string_view name, const ordered_json& data) const {
    to += "id: " + std::to_string(id) + "\nevent: ";
    to += name;
    to += "\ndata: " + data.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n\n";
}

void event_source::add_start(std::string& to) {
    begun_ = true;
    const bool resumed = resume_after_ && services_.feed.after(*resume_after_);
    position_ = resumed ? *resume_after_ : services_.feed.position();
    add(to, position_, "hello", ordered_json::object({{"resumed", resumed}}));
    if (resume_after_ && !resumed) add(to, position_, "reset", ordered_json::object());
}

void event_source::take_batch(std::string& to) {
    auto changes = services_.feed.after(position_, limits::batch_changes);
    is_cut_ = changes && changes->size() == limits::batch_changes;
    if (!changes) {
        position_ = services_.feed.position();
        add(to, position_, "reset", ordered_json::object());
        return;
    }
    if (changes->empty()) return;
    position_ = changes->back().position;
    counters_changed_ = true;
    auto newest = newest_of(std::move(*changes));
    auto ids = stored_in(newest);
    batch_ = batch{std::move(newest), changed_records(services_, filter_, std::move(ids))};
}

void event_source::add_changes(std::string& to) {
    if (!batch_) take_batch(to);
    if (!batch_ || !batch_->records.look()) return;
    const auto changes = std::move(batch_->changes);
    const auto summaries = summaries_by_id(services_.history, batch_->records.take());
    batch_.reset();
    for (const auto& change : changes) {
        switch (change.what) {
            case feed_change::kind::stored:
                if (const auto found = summaries.find(change.id); found != summaries.end()) {
                    add(to, change.position, "exchange", found->second);
                } else {
                    add(to, change.position, "unmatched", ordered_json::object({{"id", to_string(change.id)}}));
                }
                break;
            case feed_change::kind::removed: {
                auto ids = ordered_json::array({to_string(change.id)});
                add(to, change.position, "removed", ordered_json::object({{"ids", std::move(ids)}}));
                break;
            }
            case feed_change::kind::cleared:
                add(to, change.position, "removed", ordered_json::object({{"all", true}}));
                break;
            case feed_change::kind::watch_ran:
                add(to, change.position, "watch",
                    ordered_json{{"id", to_string(change.id)}, {"result", result_json(*change.result)}});
                break;
        }
    }
}

void event_source::add_status(std::string& to) {
    const auto version = services_.feed.status_version();
    if (version == status_version_ && !counters_changed_) return;
    const auto now = clock::now();
    if (now - status_sent_ < limits::status_pause) return;
    status_version_ = version;
    counters_changed_ = false;
    status_sent_ = now;
    add(to, position_, "status", status_json(services_));
}

}  // namespace tunnel::inspector_http
