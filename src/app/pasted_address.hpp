#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tunnel::app {

/// An address as people paste it, taken apart: "http://host:80/path" is "http://" and "host:80".
struct pasted_address {
    explicit pasted_address(std::string_view text);

    std::string_view scheme;     ///< "http://", or empty
    std::string_view authority;  ///< what is between the scheme and the path
    std::string host;            ///< without brackets; empty: the authority names none
    std::optional<std::uint16_t> port;

    /// The port; of a web address without one, its scheme's.
    [[nodiscard]] std::optional<std::uint16_t> web_port() const noexcept;
    [[nodiscard]] bool is_web() const noexcept;
    /// Whether it names this machine, or no machine at all.
    [[nodiscard]] bool is_loopback() const noexcept;
};

/// What to write instead of a pasted URL where an address with a port is expected; empty: the text is something else.
[[nodiscard]] std::string hint_about_address(std::string_view text, std::uint16_t usual_port);

}  // namespace tunnel::app
