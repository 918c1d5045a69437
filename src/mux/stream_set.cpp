#include "mux/stream_set.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/statistics.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {

using protocol::errc;

stream_set::stream_set(role side, io::executor strand, std::function<void()> wake)
    : side_(side), strand_(std::move(strand)), wake_(std::move(wake)) {}

void stream_set::start(const protocol::hello& ours, const protocol::hello& theirs) {
    our_window_ = ours.window;
    their_window_ = theirs.window;
    max_streams_ = std::min(ours.max_streams, theirs.max_streams);
    if (ours.raw_bodies && theirs.raw_bodies) form_ = protocol::body_form::raw;
}

std::shared_ptr<exchange> stream_set::open(const io::executor& session, part<outgoing> request,
                                           protocol::stream_id id) {
    if (table_.size() >= max_streams_ || !table_.may_open(id)) return nullptr;
    const auto s = io::make_recycled<stream>(shared_from_this(), id, their_window_, our_window_);
    auto opened = s->make_exchange(session);
    table_.open(id, s);
    s->open(std::move(request));
    return opened;
}

std::error_code stream_set::check_new(protocol::stream_id id) const {
    if (side_ == role::server) return errc::wrong_direction;
    if (!table_.may_open(id)) return errc::id_not_rising;
    if (table_.size() >= max_streams_) return errc::too_many_streams;
    return {};
}

std::string_view stream_set::fault_of_body(const protocol::request& request) const noexcept {
    const auto size = request.body.size();
    if (size > our_window_) return "more body than credit";
    const auto switches = !request.head.upgrade.empty();
    if (switches && request.end) return "a request with `upgrade` must not have `end: true`";
    if (!switches && !request.head.content_length) return {};
    // Bytes behind the declared body and ahead of a switch of protocols could be taken for another request.
    const auto declared = request.head.content_length.value_or(0);
    if (size > declared) return "more body than `content_length`, or body ahead of a 101";
    if (request.end && size < declared) return "less body than `content_length`";
    return {};
}

std::shared_ptr<stream> stream_set::accept(const protocol::request& request, std::error_code& error) {
    error = check_new(request.id);
    if (error) return nullptr;
    if (const auto rule = fault_of_body(request); !rule.empty()) {
        error = reject(request.id, rule);
        return nullptr;
    }
    auto s = io::make_recycled<stream>(shared_from_this(), request.id, their_window_, our_window_);
    table_.open(request.id, s);
    s->opened_by(request);
    return s;
}

std::error_code stream_set::reject(protocol::stream_id id, std::string_view rule) {
    if (const auto error = check_new(id)) return error;
    table_.skip(id);
    append_frame(control_, protocol::cancel{id, protocol::cancel_reason::protocol, std::string(rule)});
    wake();
    return {};
}

std::shared_ptr<stream> stream_set::find(protocol::stream_id id, std::error_code& error) const {
    const auto* found = table_.find(id);
    // A frame for a stream whose request has not left yet cannot have crossed with anything.
    if (found != nullptr && (side_ == role::client || (*found)->begun())) return *found;
    if (found != nullptr || table_.state(id) == decltype(table_)::lookup::never_opened) error = errc::idle_stream;
    return nullptr;
}

void stream_set::take(stream& s, const protocol::window& m, std::error_code& error) {
    if (!s.take(m)) error = errc::credit_overflow;
}

std::error_code stream_set::handle_unreadable(protocol::stream_id id, std::string_view rule) {
    std::error_code error;
    if (const auto s = find(id, error)) s->take_unreadable(rule);
    return error;
}

std::size_t stream_set::body_on_wire(const protocol::message& m, protocol::body_form form) const noexcept {
    return std::visit(
        [this, form](const auto& part) -> std::size_t {
            using part_type = std::remove_cvref_t<decltype(part)>;
            if constexpr (requires { part.body; }) {
                const auto size = part.body.size();
                const auto* const s = table_.find(part.id);
                const auto opens = std::is_same_v<part_type, protocol::request>;
                const auto fits = opens ? size <= our_window_ : s != nullptr && (*s)->has_credit_for(size);
                if (fits) return form == protocol::body_form::raw ? size : protocol::base64_encoded_size(size);
            }
            return 0;
        },
        m);
}

void stream_set::make_ready(std::shared_ptr<stream> s, bool first) {
    (first ? beginning_ : ready_).push_back(std::move(s));
}

void stream_set::closed(protocol::stream_id id) {
    table_.close(id);
    if (!table_.empty()) return;
    // Entries of many streams lie scattered over the heap, where each can keep a page of memory in use.
    table_.drop_spare();
    wake();  // a link that ends in good order waits for this
}

std::uint64_t stream_set::borrow_credit(std::uint64_t wanted, io::clock::duration took) noexcept {
    const auto held_up = round_trip_ != io::clock::duration::max() && took < limits::held_up_round_trips * round_trip_;
    return held_up ? lend_credit(wanted) : 0;
}

std::uint64_t stream_set::lend_credit(std::uint64_t wanted) noexcept {
    const auto lent = std::min<std::uint64_t>(wanted, limits::window_pool - borrowed_);
    borrowed_ += lent;
    if (lent < wanted) program_statistics().reached(bound::window_pool);
    return lent;
}

std::uint64_t stream_set::declared_window() const noexcept {
    const std::chrono::duration<double> time = std::min<io::clock::duration>(round_trip_, std::chrono::seconds(1));
    const auto carried = static_cast<std::uint64_t>(time.count() * limits::declared_body_rate);
    return std::clamp<std::uint64_t>(carried, limits::declared_body_window, limits::max_window);
}

void stream_set::fill(byte_buffer& out, std::size_t limit, std::size_t shared_slice) {
    while (has_output() && out.size() < limit) {
        write_from(beginning_, out, shared_slice);
        write_from(ready_, out, shared_slice);
    }
}

void stream_set::write_from(std::deque<std::shared_ptr<stream>>& ring, byte_buffer& out, std::size_t shared_slice) {
    if (ring.empty()) return;
    const auto s = std::move(ring.front());
    ring.pop_front();
    s->write_next(out, has_output() ? shared_slice : limits::body_slice);
}

void stream_set::notify_stopping() {
    table_.for_each([](stream& s) { s.notify_stopping(); });
}

void stream_set::cut_short() {
    std::vector<std::shared_ptr<stream>> open;  // a stream that ends leaves the table
    table_.for_each([&](stream& s) { open.push_back(s.shared_from_this()); });
    for (const auto& s : open) s->cut_short();
}

void stream_set::fail_all(failure why) {
    beginning_.clear();
    ready_.clear();
    for (const auto& s : table_.take_all()) s->fail(why);
}

}  // namespace tunnel::mux
