#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "io/asio.hpp"
#include "tunnel/http/head.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// Responds in place of the app: --stub is one. Called on the strands of the exchanges, and outlives them.
class app_stand_in {
 public:
    enum class moment : std::uint8_t {
        before_app,  ///< the app was not asked
        app_absent,  ///< no connection to the app could be made
    };
    struct response {
        http::response_head head;  ///< without its Content-Length
        std::string body;
        unsigned rule = 0;  ///< which of its rules responded, from 1: for the log and for lists of exchanges
    };
    using responded = std::function<void(std::optional<response>)>;
    /// Makes the response and calls back on that executor, not inside the call. Nothing: there is none after all.
    using maker = std::function<void(const io::executor&, responded)>;

    app_stand_in() = default;
    app_stand_in(const app_stand_in&) = delete;
    app_stand_in& operator=(const app_stand_in&) = delete;
    virtual ~app_stand_in() = default;

    /// Whether it may respond before the app is asked.
    [[nodiscard]] virtual bool precedes_app() const noexcept = 0;
    /// Empty: nothing responds to this request. `request`: with what is kept of its body.
    [[nodiscard]] virtual maker choose(const protocol::request& request, moment when) = 0;
};

}  // namespace tunnel::client
