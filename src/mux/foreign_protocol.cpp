#include "mux/foreign_protocol.hpp"

#include <array>
#include <utility>

namespace tunnel::mux {

std::string_view foreign_protocol(std::string_view bytes) noexcept {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> known{{
        {"HTTP", "it responds in HTTP: this is not the server's tunnel port (--tcp-addr) but an HTTP port"},
        {"GET ", "it speaks HTTP: callers belong at the server's --http-addr, not at its tunnel port"},
        {"POST", "it speaks HTTP: callers belong at the server's --http-addr, not at its tunnel port"},
        {"PUT ", "it speaks HTTP: callers belong at the server's --http-addr, not at its tunnel port"},
        {"HEAD", "it speaks HTTP: callers belong at the server's --http-addr, not at its tunnel port"},
        {"OPTI", "it speaks HTTP: callers belong at the server's --http-addr, not at its tunnel port"},
        {"PRI ", "it speaks HTTP/2: callers belong at the server's --http-addr, not at its tunnel port"},
        {"PROX", "it sends a PROXY protocol header: switch that off in what stands in front of this port"},
        {"\r\n\r\n", "it sends a PROXY protocol header: switch that off in what stands in front of this port"},
        {"SSH-", "it speaks SSH"},
        {"\x16\x03", "it speaks TLS: take TLS off in front of this port"},
    }};
    for (const auto& [begin, sentence] : known) {
        if (bytes.starts_with(begin)) return sentence;
    }
    return {};
}

}  // namespace tunnel::mux
