#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// The open streams of one connection by id. Ids rise and are never used again; an id that was skipped counts as
/// closed. Entries of closed streams are kept for the next ones, so that a connection in steady state does not
/// allocate here.
template <class Stream>
class stream_table {
 public:
    enum class lookup { open, closed, never_opened };

    /// `id` is above every earlier one.
    void open(protocol::stream_id id, std::shared_ptr<Stream> stream) {
        last_ = id;
        if (spare_.empty()) {
            streams_.emplace(id, std::move(stream));
            return;
        }
        auto& node = spare_.back();
        node.key() = id;
        node.mapped() = std::move(stream);
        streams_.insert(std::move(node));
        spare_.pop_back();
    }
    /// A stream that was opened and closed at once.
    void skip(protocol::stream_id id) noexcept { last_ = id; }

    [[nodiscard]] bool may_open(protocol::stream_id id) const noexcept {
        return id > last_ && id <= limits::max_stream_id;
    }

    /// Null: see `state`. Valid while the stream is open.
    [[nodiscard]] const std::shared_ptr<Stream>* find(protocol::stream_id id) const {
        const auto at = streams_.find(id);
        return at == streams_.end() ? nullptr : &at->second;
    }

    [[nodiscard]] lookup state(protocol::stream_id id) const {
        if (id == 0 || id > last_) return lookup::never_opened;
        return streams_.contains(id) ? lookup::open : lookup::closed;
    }

    void close(protocol::stream_id id) {
        const auto at = streams_.find(id);
        if (at == streams_.end()) return;
        // Destroyed last, when the table is whole again.
        const auto closed = std::move(at->second);
        if (spare_.size() < limits::max_streams) {
            spare_.push_back(streams_.extract(at));
        } else {
            streams_.erase(at);
        }
    }

    /// Gives back the entries that are kept beyond `limits::spare_streams`.
    void drop_spare() {
        if (spare_.size() > limits::spare_streams) spare_.erase(spare_.begin() + limits::spare_streams, spare_.end());
    }

    /// Visits every open stream; the visitor must not open or close any.
    template <class Visitor>
    void for_each(Visitor visit) const {
        for (const auto& [id, stream] : streams_) visit(*stream);
    }
    /// Forgets every open stream and returns them; their ids count as closed.
    [[nodiscard]] std::vector<std::shared_ptr<Stream>> take_all() {
        std::vector<std::shared_ptr<Stream>> all;
        all.reserve(streams_.size());
        for (auto& [id, stream] : streams_) all.push_back(std::move(stream));
        streams_.clear();
        return all;
    }

    [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }
    [[nodiscard]] bool empty() const noexcept { return streams_.empty(); }

 private:
    using map = std::unordered_map<protocol::stream_id, std::shared_ptr<Stream>>;

    map streams_;
    std::vector<typename map::node_type> spare_;
    protocol::stream_id last_ = 0;
};

}  // namespace tunnel::mux
