#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::mux {

/// The open streams of one connection by id. A stream stays open until each side has sent its last frame
/// (`end` or `cancel`): a canceller waits for the other's last frame.
///
/// Pointers from `find` stay valid while their stream is open. Closed entries are kept for the next streams, so a
/// connection in steady state does not allocate here.
template <class Stream>
class stream_table {
 public:
    enum class lookup { open, closed, never_opened };

    /// Opens the next stream of our own (server). 0: ids are used up, the connection must be replaced.
    protocol::stream_id open(Stream stream) {
        if (last_ == limits::max_stream_id) return 0;
        insert(last_ + 1, std::move(stream));
        return ++last_;
    }

    /// Opens a stream that the peer numbered (client). False: the id is not above every earlier one.
    [[nodiscard]] bool open_as(protocol::stream_id id, Stream stream) {
        if (id <= last_ || id > limits::max_stream_id) return false;
        insert(id, std::move(stream));
        last_ = id;
        return true;
    }

    [[nodiscard]] Stream* find(protocol::stream_id id) {
        auto at = streams_.find(id);
        return at == streams_.end() ? nullptr : &*at->second.stream;
    }

    /// Why `find` gave nothing: frames for a closed stream are dropped, for one never opened they are an error.
    [[nodiscard]] lookup state(protocol::stream_id id) const {
        if (id == 0 || id > last_) return lookup::never_opened;
        return streams_.contains(id) ? lookup::open : lookup::closed;
    }

    /// We sent our last frame of this stream. True: the stream is gone now.
    bool finish_local(protocol::stream_id id) { return finish(id, &entry::local_done); }
    /// The peer sent its last frame. True: the stream is gone now.
    bool finish_remote(protocol::stream_id id) { return finish(id, &entry::remote_done); }
    /// Whether that side sent its last frame; also true of a stream that is not open.
    [[nodiscard]] bool local_done(protocol::stream_id id) const { return done(id, &entry::local_done); }
    [[nodiscard]] bool remote_done(protocol::stream_id id) const { return done(id, &entry::remote_done); }

    [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }
    [[nodiscard]] bool empty() const noexcept { return streams_.empty(); }

    /// Visits every open stream; the visitor must not open or close any.
    template <class Visitor>
    void for_each(Visitor visit) {
        for (auto& [id, e] : streams_) visit(id, *e.stream);
    }
    /// Forgets every open stream; their ids count as closed.
    void clear() { streams_.clear(); }

 private:
    struct entry {
        std::optional<Stream> stream;  // empty only while the entry waits in spare_
        bool local_done = false;
        bool remote_done = false;
    };
    using map = std::unordered_map<protocol::stream_id, entry>;

    void insert(protocol::stream_id id, Stream&& stream) {
        if (spare_.empty()) {
            streams_.emplace(id, entry{std::move(stream)});
            return;
        }
        typename map::node_type& node = spare_.back();
        node.key() = id;
        node.mapped().stream.emplace(std::move(stream));
        streams_.insert(std::move(node));
        spare_.pop_back();
    }
    bool finish(protocol::stream_id id, bool entry::* side) {
        auto at = streams_.find(id);
        if (at == streams_.end()) return false;
        at->second.*side = true;
        if (!at->second.local_done || !at->second.remote_done) return false;
        // Destroyed last, when the table is whole again: a stream's destructor may look at it.
        std::optional<Stream> gone = std::exchange(at->second.stream, std::nullopt);
        if (spare_.size() < limits::max_streams) {
            auto node = streams_.extract(at);
            node.mapped() = entry{};
            spare_.push_back(std::move(node));
        } else {
            streams_.erase(at);
        }
        return true;
    }
    [[nodiscard]] bool done(protocol::stream_id id, bool entry::* side) const {
        auto at = streams_.find(id);
        return at == streams_.end() || at->second.*side;
    }

    map streams_;
    std::vector<typename map::node_type> spare_;
    protocol::stream_id last_ = 0;
};

}  // namespace tunnel::mux
