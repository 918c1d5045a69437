#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "inspector/history.hpp"
#include "inspector/sample_records.hpp"
#include "inspector_http/server.hpp"
#include "support/http_socket.hpp"

namespace tunnel::inspector_http {

/// A replayer that sends nothing: it records its calls, and gives results when a test says so.
class scripted_replayer : public replayer {
 public:
    /// Called on the inspector's thread; the outcome of each start. Without it each record gets status 200.
    std::function<replay_outcome(const std::vector<inspector::record_id>&, const replay_options&)> outcome;
    /// Keep `done` instead of calling it.
    bool holds = false;

    struct start_call {
        std::vector<inspector::record_id> ids;
        replay_options options;
    };
    [[nodiscard]] std::vector<start_call> calls() const;
    /// Calls a `done` that is kept, after waiting for it.
    void finish_held();
    /// Waits until the token of a held replay was destroyed.
    [[nodiscard]] bool wait_for_cancel();

    std::shared_ptr<void> start(std::vector<inspector::record_id> ids, replay_options options,
                                replay_done done) override;
    std::optional<replay_refusal> watch(inspector::record_id id, replay_options options) override;
    bool unwatch(inspector::record_id id) override;
    std::vector<watch_info> watches() const override;

 private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<start_call> calls_;
    std::vector<watch_info> watches_;
    std::vector<std::function<void()>> held_;
    int cancelled_ = 0;
};

/// A tunnel that is up.
class fixed_status : public status_source {
 public:
    tunnel_status value;
    fixed_status();
    tunnel_status status() const override { return value; }
};

/// Takes every rule but "bad".
class scripted_faults : public fault_control {
 public:
    std::vector<fault_info> faults() const override;
    std::variant<fault_info, std::string> add(const std::string& rule,
                                              std::optional<std::chrono::milliseconds> lasts) override;
    bool remove(std::uint64_t id) override;
    void clear() override;

 private:
    mutable std::mutex mutex_;
    std::vector<fault_info> all_;
    std::uint64_t last_ = 0;
};

/// Two rules.
class fixed_stub : public stub_source {
 public:
    stub_info value;
    fixed_stub();
    stub_info stub() const override { return value; }
};

/// A response with its JSON.
struct api_response {
    test::http_message message;
    unsigned status = 0;
    nlohmann::json json;  ///< null where the body is not JSON
};

/// A running inspector over a history in memory.
class InspectorHttp : public testing::Test {
 protected:
    explicit InspectorHttp(server_options options = {});
    ~InspectorHttp() override;

    /// An exchange of now, stored; what `change` does to it before.
    inspector::record_id keep(const std::function<void(inspector::record&)>& change = {});
    /// `slow_records` that take each regular expression of slow_filter() to its limit of steps, and match by their
    /// method.
    void keep_slow_records();
    static constexpr std::size_t slow_records = 8;
    [[nodiscard]] static std::string slow_filter();
    [[nodiscard]] inspector::record fresh();
    void put(inspector::record r);

    [[nodiscard]] test::http_socket connect() const { return test::http_socket::connect(port()); }
    [[nodiscard]] std::uint16_t port() const { return server_->local().port; }
    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port()); }

    /// The head of a request with Host and the token; `fields` are whole lines.
    [[nodiscard]] std::string head(std::string_view method, std::string_view target,
                                   std::string_view fields = {}) const;
    [[nodiscard]] api_response ask(std::string_view method, std::string_view target) const;
    [[nodiscard]] api_response get(std::string_view target) const { return ask("GET", target); }
    [[nodiscard]] api_response send_json(std::string_view method, std::string_view target, std::string_view body) const;
    /// Exactly these bytes on a connection of their own.
    [[nodiscard]] api_response send_raw(std::string_view bytes, bool to_head = false) const;

    live_feed feed;
    inspector::history history;
    scripted_replayer replays;
    fixed_status status;
    scripted_faults faults;
    fixed_stub stub;
    std::unique_ptr<server> server_;
};

/// Server-sent events of an open stream.
class event_reader {
 public:
    event_reader(test::http_socket socket, const std::string& head);

    struct event {
        std::uint64_t id = 0;
        std::string name;
        nlohmann::json data;
    };
    /// The next one; comments are skipped.
    [[nodiscard]] event next();
    /// The next of that name; others are skipped.
    [[nodiscard]] event next(std::string_view name);
    test::http_socket socket;
    test::http_message response;

 private:
    [[nodiscard]] std::string read_block();
    std::string text_;
};

}  // namespace tunnel::inspector_http
