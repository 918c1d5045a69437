#pragma once

#include <memory>
#include <string_view>

#include "mux/exchange_peer.hpp"
#include "mux/failure.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// The label of an exchange whose caller ended its side of the connection before the app closed its own.
inline constexpr std::string_view caller_closed_first = "caller-closed";

/// Sees one exchange of the client pass, and changes nothing of it: the inspector is one. Every member is called on the
/// strand of the exchange; none may wait, throw, or keep what it was given. Destroyed once the exchange is over.
class exchange_observer {
 public:
    exchange_observer() = default;
    exchange_observer(const exchange_observer&) = delete;
    exchange_observer& operator=(const exchange_observer&) = delete;
    virtual ~exchange_observer() = default;

    /// The request left the queue of its public connection, and a connection to the app is looked for. `request`: as
    /// the app will get it, with `app_host` for its Host where that is not empty.
    virtual void started(const protocol::request& request, std::string_view app_host) = 0;
    /// Something that a list of exchanges names; `label` says what, such as "held".
    virtual void labelled(std::string_view label) { static_cast<void>(label); }
    /// No connection to the app could be made.
    virtual void app_missed() {}
    /// A connection to the app is there, and the head is being written to it. Again where the request is sent again.
    virtual void head_written(std::string_view head) = 0;
    /// More of the request's body than came with its head, or of what the caller sends behind a switch of protocols.
    virtual void request_part(const protocol::data& part) = 0;
    /// The whole request was written to the app.
    virtual void request_written() = 0;
    /// Whether more of the request's body would be kept.
    [[nodiscard]] virtual bool wants_request_body() const = 0;
    /// A head came from the app; `raw`: its bytes as they were read.
    virtual void app_head(std::string_view raw, bool interim) = 0;
    /// What the client sends to the caller, whether it came from the app or is its own.
    virtual void response_part(const mux::outgoing& part) = 0;
    /// The client ended the exchange early.
    virtual void cancelled(protocol::cancel_reason reason) = 0;
    /// How the exchange ended. `caller_left`: the other side ended it first.
    virtual void ended(mux::failure why, bool caller_left) = 0;
};

/// Makes an observer for each exchange. Outlives the client. Called on any strand.
class exchange_tap {
 public:
    exchange_tap() = default;
    exchange_tap(const exchange_tap&) = delete;
    exchange_tap& operator=(const exchange_tap&) = delete;
    virtual ~exchange_tap() = default;

    /// `request`: as it arrived, with what arrived of its body. Null: this one is not observed.
    [[nodiscard]] virtual std::shared_ptr<exchange_observer> begin(const protocol::request& request) = 0;
};

}  // namespace tunnel::client
