#include "io/dialler.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/platform.hpp"
#include "io/connected_socket.hpp"
#include "io/resolve.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

namespace {

bool has_route(const dialler::failure& f) {
    return f.error != asio::error::network_unreachable && f.error != boost::system::errc::address_not_available &&
           f.error != asio::error::address_family_not_supported;
}

}  // namespace

error_code refuse_itself(tcp::socket& socket) noexcept {
    error_code local_error;
    error_code remote_error;
    const auto local = socket.local_endpoint(local_error);
    const auto remote = socket.remote_endpoint(remote_error);
    if (local_error || remote_error || local != remote) return {};
    // A reset, since after a FIN the port would rest for a minute.
    socket.set_option(asio::socket_base::linger(true, 0), local_error);
    socket.close(local_error);
    return asio::error::connection_refused;
}

void last_good_endpoint::note(const tcp::endpoint& endpoint) {
    const std::lock_guard lock(mutex_);
    last_ = endpoint;
}

void last_good_endpoint::put_first(std::vector<tcp::endpoint>& endpoints) const {
    const std::lock_guard lock(mutex_);
    if (!last_) return;
    const auto at = std::ranges::find(endpoints, *last_);
    if (at != endpoints.end()) std::rotate(endpoints.begin(), at, at + 1);
}

std::vector<tcp::endpoint> interleave_families(const std::vector<tcp::endpoint>& found) {
    std::vector<tcp::endpoint> same;
    std::vector<tcp::endpoint> other;
    for (const auto& endpoint : found)
        (endpoint.protocol() == found.front().protocol() ? same : other).push_back(endpoint);
    std::vector<tcp::endpoint> result;
    for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
        if (i < same.size()) result.push_back(same[i]);
        if (i < other.size()) result.push_back(other[i]);
    }
    result.resize(std::min(result.size(), limits::dialled_addresses));
    return result;
}

/// One endpoint that is being connected to. It outlives the dialler until its handler has run.
struct dialler::attempt {
    attempt(const executor& strand, const tcp::endpoint& to) : socket(strand), endpoint(to) {}

    tcp::socket socket;
    tcp::endpoint endpoint;
    std::optional<error_code> result;
    event* changed = nullptr;  // of the dialler, while it wants to know
};

dialler::dialler(const executor& strand, std::shared_ptr<last_good_endpoint> memory)
    : strand_(strand), memory_(std::move(memory)), socket_(strand), lookup_(strand), wake_(strand, [this] {
          changed_.notify();
      }) {}

dialler::~dialler() { end_attempts(); }

void dialler::cancel() noexcept {
    cancelled_ = true;
    lookup_.cancel();
    end_attempts();
    error_code ignored;
    socket_.close(ignored);
    changed_.notify();
}

awaitable<error_code> dialler::dial(address where, std::chrono::milliseconds limit) {
    std::vector<address> one;
    one.push_back(std::move(where));
    co_return co_await dial(std::move(one), limit);
}

awaitable<error_code> dialler::dial(std::vector<address> where, std::chrono::milliseconds limit) {
    const auto until = clock::now() + limit;
    std::vector<tcp::endpoint> endpoints;
    error_code error;
    for (auto& each : where) {
        lookup_.expires_at(until);
        const auto name = each.host;
        const auto found = co_await resolve(std::move(each), lookup_, error);
        if (cancelled_) co_return asio::error::operation_aborted;
        if (found.empty()) unresolved_ += (unresolved_.empty() ? "" : ", ") + name + " (" + error.message() + ")";
        const auto in_order = interleave_families(found);
        endpoints.insert(endpoints.end(), in_order.begin(), in_order.end());
    }
    if (endpoints.empty()) co_return error;
    co_return co_await dial_each(std::move(endpoints), until);
}

awaitable<error_code> dialler::dial_each(std::vector<tcp::endpoint> endpoints, clock::time_point until) {
    if (memory_) memory_->put_first(endpoints);
    const auto error = co_await race(std::move(endpoints), until);
    wake_.stop();
    end_attempts();
    co_return error;
}

awaitable<error_code> dialler::race(std::vector<tcp::endpoint> endpoints, clock::time_point until) {
    auto next = endpoints.begin();
    auto begin_next = clock::now();
    for (;;) {
        take_ended();
        if (cancelled_) co_return asio::error::operation_aborted;
        if (socket_.is_open()) co_return error_code();
        const auto now = clock::now();
        if (now >= until) co_return asio::error::timed_out;
        if (next != endpoints.end() && (running_.empty() || now >= begin_next)) {
            begin(*next++);
            begin_next = now + limits::dial_stagger;
            continue;  // it may have failed at once
        }
        if (running_.empty()) co_return most_telling();
        const auto wake_at = next == endpoints.end() ? until : std::min(until, begin_next);
        wake_.set(std::chrono::ceil<std::chrono::milliseconds>(wake_at - now));
        co_await changed_.wait();
    }
}

void dialler::begin(const tcp::endpoint& endpoint) {
    const auto started = std::make_shared<attempt>(strand_, endpoint);
    running_.push_back(started);
    error_code error;
    started->socket.open(endpoint.protocol(), error);
    if (error) {
        started->result = error;
        return;
    }
    if (endpoint.address().is_loopback()) send_unpaced(started->socket.native_handle());
    started->changed = &changed_;
    started->socket.async_connect(endpoint, [started](error_code failed) {
        started->result = failed ? failed : refuse_itself(started->socket);
        if (started->changed != nullptr) started->changed->notify();
    });
}

/// Moves what has ended out of `running_`: to `failures_`, or to `socket_` if it is the first that has connected.
void dialler::take_ended() {
    for (const auto& each : running_) {
        if (!each->result) continue;
        if (*each->result) {
            failures_.push_back({each->endpoint, *each->result});
        } else if (!socket_.is_open()) {
            socket_ = std::move(each->socket);
            if (memory_) memory_->note(each->endpoint);
        }
    }
    std::erase_if(running_, [](const auto& each) { return each->result.has_value(); });
}

/// What is still being tried is noted as timed out, and closed.
void dialler::end_attempts() noexcept {
    error_code ignored;
    for (const auto& each : running_) {
        each->changed = nullptr;
        each->socket.close(ignored);
        failures_.push_back({each->endpoint, asio::error::timed_out});
    }
    running_.clear();
}

/// Not what says only that this machine has no route to the one family.
error_code dialler::most_telling() const noexcept {
    const auto found = std::ranges::find_if(failures_, has_route);
    return found == failures_.end() ? failures_.front().error : found->error;
}

bool dialler::refused() const noexcept {
    const auto is_refused = [](const failure& f) { return f.error == asio::error::connection_refused; };
    return std::ranges::any_of(failures_, is_refused) &&
           std::ranges::all_of(failures_, [&](const failure& f) { return is_refused(f) || !has_route(f); });
}

std::string dialler::tried() const {
    std::string all = unresolved_;
    for (const auto& [endpoint, error] : failures_) {
        if (!all.empty()) all += ", ";
        all += endpoint_name(endpoint) + " (" + error.message() + ")";
    }
    return all;
}

std::string dialler::failed_at(const address& where) const {
    const auto name = to_string(where);
    const auto said = unresolved_.empty() && failures_.size() == 1 && endpoint_name(failures_.front().endpoint) == name;
    return name + ": " + (said ? failures_.front().error.message() : tried());
}

}  // namespace tunnel::io
