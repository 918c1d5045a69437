#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

/// The far end of an exchange without a tunnel connection: records what the session sends, one line a call, and
/// collects the body. The session calls it on its strand, and the test reads from its own thread.
class recording_peer final : public mux::exchange_peer {
 public:
    /// Takes every body byte at once; without it, what is sent waits as if the far end did not read.
    void accept_bodies_of(const std::weak_ptr<mux::exchange>& sender) { sender_ = sender; }

    [[nodiscard]] std::vector<std::string> calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    /// The calls so far, once one of them is `last`.
    [[nodiscard]] std::vector<std::string> calls_up_to(const std::string& last) const {
        std::unique_lock lock(mutex_);
        const auto there = [&] { return !calls_.empty() && calls_.back() == last; };
        EXPECT_TRUE(changed_.wait_for(lock, patience, there)) << "no call was: " << last;
        return calls_;
    }
    [[nodiscard]] std::string body() const {
        const std::lock_guard lock(mutex_);
        return body_;
    }
    [[nodiscard]] std::size_t consumed_bytes() const {
        const std::lock_guard lock(mutex_);
        return consumed_;
    }

    /// A part in one line: "response 200 of 5, end" has five body bytes, and is the last.
    [[nodiscard]] static std::string line_of(const mux::outgoing& sent) {
        std::string line = "data";
        if (const auto* response = std::get_if<protocol::response>(&sent))
            line = "response " + std::to_string(response->head.status);
        if (const auto* request = std::get_if<protocol::request>(&sent))
            line = "request " + request->head.method + " " + request->head.target;
        const auto end = std::visit([](const auto& part) { return part.end; }, sent);
        return line + " of " + std::to_string(body_of(sent).size()) + (end ? ", end" : "");
    }
    [[nodiscard]] static std::string_view body_of(const mux::outgoing& sent) {
        return std::visit([](const auto& part) { return part.body.view(); }, sent);
    }

    void send(mux::part<mux::outgoing> sent) override {
        const auto body = body_of(*sent);
        {
            const std::lock_guard lock(mutex_);
            body_ += body;
        }
        note(line_of(*sent));
        if (const auto sender = sender_.lock(); sender && !body.empty()) sender->accepted(body.size());
    }
    void send_fin() override { note("fin"); }
    void consumed(std::size_t bytes) override {
        const std::lock_guard lock(mutex_);
        consumed_ += bytes;
    }
    void cancel(protocol::cancel_reason reason) override { note("cancel " + std::string(to_string(reason))); }
    void cancel_after_sent(protocol::cancel_reason reason) override {
        note("cancel after sent " + std::string(to_string(reason)));
    }
    void stop_peer() override { note("stop peer"); }

 private:
    void note(std::string line) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(line));
        changed_.notify_all();
    }

    std::weak_ptr<mux::exchange> sender_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<std::string> calls_;
    std::string body_;
    std::size_t consumed_ = 0;
};

}  // namespace tunnel::test
