#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "client/exchange_observer.hpp"
#include "inspection/capture.hpp"
#include "inspection/captured_record.hpp"
#include "inspector/body_capture.hpp"
#include "inspector/event_stream_reader.hpp"
#include "inspector/record.hpp"
#include "inspector/websocket_reader.hpp"

namespace tunnel::inspection {

/// One side's body: a bounded copy that counts against what all open exchanges may hold.
class recorded_body {
 public:
    recorded_body(capture& owner, std::size_t cap) : owner_(owner), copy_(cap), cap_(cap) {}
    recorded_body(const recorded_body&) = delete;
    recorded_body& operator=(const recorded_body&) = delete;
    ~recorded_body() { owner_.release(held_); }

    void append(std::string_view bytes);
    /// Whether another byte would be kept.
    [[nodiscard]] bool has_room() const noexcept { return !cut_ && copy_.length() < cap_; }
    /// While the exchange goes on: the bytes only where they are few, for they are copied each time.
    [[nodiscard]] inspector::body_copy so_far() const;
    [[nodiscard]] inspector::body_copy take() { return copy_.take(); }

 private:
    capture& owner_;
    inspector::body_capture copy_;
    std::size_t cap_;
    std::size_t held_ = 0;
    bool cut_ = false;
};

/// Makes the record of one exchange: a pending one when it begins and while it goes on, the whole at its end.
class recorder final : public client::exchange_observer {
 public:
    recorder(capture& owner, const protocol::request& request, replay_of replay);
    ~recorder() override;

    void started(const protocol::request& request, std::string_view app_host) override;
    void labelled(std::string_view label) override;
    void app_missed() override;
    void head_written(std::string_view head) override;
    void request_part(const protocol::data& part) override;
    void request_written() override;
    [[nodiscard]] bool wants_request_body() const override { return request_body_.has_room(); }
    void app_head(std::string_view raw, bool interim) override;
    void response_part(const mux::outgoing& part) override;
    void cancelled(protocol::cancel_reason reason) override;
    void ended(mux::failure why, bool caller_left) override;

 private:
    using clock = std::chrono::steady_clock;

    /// What was seen of the response.
    enum class response : std::uint8_t { none, from_app, own, switched };

    template <class Function>
    void guard(Function run) noexcept;
    [[nodiscard]] inspector::duration now() const;
    void begin_response(const protocol::response& message);
    void add_response(std::string_view bytes, bool end, const http::field_list& trailers);
    void add_messages(inspector::message_direction from, std::string_view bytes);
    void put_part(inspector::record part);
    void put_pending();
    void put_progress();
    [[nodiscard]] bool has_label(std::string_view label) const;
    void judge(mux::failure why, bool caller_left);
    void finish(mux::failure why, bool caller_left);

    capture& owner_;
    std::shared_ptr<const captured_beginning> beginning_;
    inspector::record record_;  // without what the beginning has
    std::string head_to_app_;
    clock::time_point arrived_ = clock::now();
    clock::time_point shown_ = arrived_;
    recorded_body request_body_;
    recorded_body response_body_;
    std::optional<inspector::websocket_reader> messages_;
    std::optional<inspector::event_stream_reader> events_;
    std::optional<protocol::cancel_reason> cancelled_;
    response response_ = response::none;
    bool request_whole_ = false;
    bool response_whole_ = false;
    bool finished_ = false;
    std::function<void(const std::shared_ptr<const inspector::record>&)> when_finished_;
};

}  // namespace tunnel::inspection
