#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "client/held_requests.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"

namespace tunnel::client {

/// Holds requests while nothing listens on the app's port (--wait-for-app), and says when that begins and ends. Belongs
/// to its strand, but for what is said otherwise.
class app_absence : public std::enable_shared_from_this<app_absence> {
 public:
    /// What a request that is held has to do.
    enum class turn : std::uint8_t { wait, connect, give_up };

    class place;

    /// `app`: HOST:PORT, for what is said.
    app_absence(io::executor strand, std::string app, std::chrono::milliseconds longest,
                std::function<void(const std::string&)> say);

    /// Called on the strand when another number of requests waits. Before there are requests.
    void on_change(std::function<void(std::size_t)> changed) { changed_ = std::move(changed); }

    /// (any thread) Whether a request that arrives now has to wait behind others.
    [[nodiscard]] bool holding() const noexcept { return waiting_.load(std::memory_order_relaxed) > 0; }
    /// (any thread) A place behind those that wait already; `changed` is called on `session` when its turn changes.
    /// `tried`: by the attempt that was just refused; empty where there was none.
    [[nodiscard]] std::unique_ptr<place> enter(const io::executor& session, std::string tried,
                                               std::function<void()> changed);

 private:
    struct seat;

    void add(const std::shared_ptr<seat>& who, std::string tried);
    void remove(const std::shared_ptr<seat>& who);
    void refused(const std::shared_ptr<seat>& who, std::string tried);
    void connected(const std::shared_ptr<seat>& who);
    void act();
    void give_turn(const std::shared_ptr<seat>& to, turn now) const;
    void say_end(const held_requests::summary& all) const;

    io::executor strand_;
    std::string app_;
    std::chrono::milliseconds longest_;
    std::function<void(const std::string&)> say_;
    held_requests held_;
    std::map<held_requests::number, std::shared_ptr<seat>> seats_;
    std::string tried_;  // at the last attempt that was refused
    std::atomic<std::size_t> waiting_ = 0;
    std::function<void(std::size_t)> changed_;
    io::deadline tick_;
};

/// One request's place among those that are held, left when this is destroyed. Belongs to the strand of the request.
class app_absence::place {
 public:
    place(std::shared_ptr<app_absence> owner, std::shared_ptr<seat> mine);
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place();

    [[nodiscard]] turn now() const noexcept;
    /// With give_up: which addresses were tried last.
    [[nodiscard]] const std::string& tried() const noexcept;
    /// What its attempt to connect came to. Refused: it waits again.
    void connected();
    void refused(const std::string& tried);

 private:
    std::shared_ptr<app_absence> owner_;
    std::shared_ptr<seat> seat_;
};

}  // namespace tunnel::client
