#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/address.hpp"
#include "commands/api_client.hpp"

namespace tunnel::commands {

/// What every command takes: where the inspector is.
struct common_flags {
    std::string inspect_addr;  ///< HOST:PORT; empty: the youngest client that runs, else the history
    std::string inspect_token;
    std::string history;  ///< a file; empty: the default one
    bool json = false;
};

/// The inspector that a command talks to: that of a running client, or one of this program over the history.
class inspector_target {
 public:
    /// Throws command_error where there is neither, or no client and it is needed.
    inspector_target(const common_flags& flags, bool needs_client);
    ~inspector_target();
    inspector_target(const inspector_target&) = delete;
    inspector_target& operator=(const inspector_target&) = delete;

    [[nodiscard]] const api_client& api() const noexcept { return *api_; }
    /// Whether no client runs: what the command asks for is done by this program.
    [[nodiscard]] bool offline() const noexcept { return own_ != nullptr; }

 private:
    class own_inspector;
    std::unique_ptr<own_inspector> own_;
    std::optional<api_client> api_;
};

}  // namespace tunnel::commands
