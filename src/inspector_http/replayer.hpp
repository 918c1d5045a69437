#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.hpp"
#include "inspector/record.hpp"

/// How the API has records sent again; the client implements it.
namespace tunnel::inspector_http {

/// One change of a JSON body that leaves all its other bytes as they are.
struct json_edit {
    std::string pointer;               ///< RFC 6901
    std::optional<std::string> value;  ///< JSON text; without it the member is removed
};

/// Applied in this order: `raw` instead of the recorded message, then the others. No name or value has CR, LF or NUL.
struct replay_edits {
    std::optional<std::string> raw;  ///< a whole request, head and body bytes
    std::optional<std::string> method;
    std::optional<std::string> target;
    std::optional<inspector::field_lines> fields;  ///< the whole list
    inspector::field_lines set;                    ///< replaces all fields of that name
    std::vector<std::string> unset;
    std::optional<std::string> body;
    std::vector<json_edit> json;
};

struct replay_options {
    std::optional<address> to;  ///< another app on loopback; checked, and never the inspector itself
    unsigned times = 1;
    unsigned concurrency = 1;
    std::chrono::milliseconds timeout{30'000};
    bool exact = false;  ///< without the field Tunnel-Replay-Of
    bool allow_truncated = false;
    bool resign = false;
    std::optional<replay_edits> edits;
};

struct replay_result {
    inspector::record_id id = 0;  ///< the new record; 0: nothing was sent
    inspector::record_id parent = 0;
    int status = 0;  ///< 0: there is no response
    std::optional<inspector::duration> time;
    bool same_status = false;               ///< as the parent's
    std::optional<bool> same_body = false;  ///< none: not known
    std::string error_code;                 ///< empty where a response came
    std::string error_message;
};

enum class refusal_code : std::uint8_t {
    not_found,
    body_truncated,
    not_replayable,
    target_refused,
    bad_edit,
    cannot_sign,
    busy
};

/// Why nothing was sent.
struct replay_refusal {
    refusal_code code = refusal_code::not_replayable;
    std::string message;  ///< a sentence that says what to do
};

using replay_outcome = std::variant<std::vector<replay_result>, replay_refusal>;
using replay_done = std::function<void(replay_outcome)>;

struct watch_info {
    inspector::record_id id = 0;
    inspector::time_point since{};
    std::uint64_t runs = 0;
};

/// Every member is called from the inspector's threads, from several at a time.
class replayer {
 public:
    virtual ~replayer() = default;

    /// Sends each record `options.times` times, in the order given, `options.concurrency` at a time. `done` is called
    /// exactly once, on any thread, also within this call. What is returned cancels what was not sent yet when it is
    /// destroyed; `done` is called then too. Of several records, one that cannot be replayed is a result with an error;
    /// of a single one a refusal.
    [[nodiscard]] virtual std::shared_ptr<void> start(std::vector<inspector::record_id> ids, replay_options options,
                                                      replay_done done) = 0;

    /// Replays the record each time the app is back; replaces an older watch of it.
    [[nodiscard]] virtual std::optional<replay_refusal> watch(inspector::record_id id, replay_options options) = 0;
    /// False if there was none.
    virtual bool unwatch(inspector::record_id id) = 0;
    [[nodiscard]] virtual std::vector<watch_info> watches() const = 0;
};

}  // namespace tunnel::inspector_http
