#pragma once

#include <array>
#include <string_view>

namespace tunnel::app {

/// Variables of all settings of tunnel-server and tunnel-client: one environment may serve both. Made by
/// packaging/settings.py.
// clang-format off
inline constexpr std::array<std::string_view, 41> setting_variables{
    "TUNNEL_ADMIN_ADDR",
    "TUNNEL_BODY_TIMEOUT",
    "TUNNEL_COMPRESS",
    "TUNNEL_CONNECT_TIMEOUT",
    "TUNNEL_DRAIN_TIMEOUT",
    "TUNNEL_ECHO",
    "TUNNEL_EXIT_WHEN_REPLACED",
    "TUNNEL_FAULT",
    "TUNNEL_HEADER_TIMEOUT",
    "TUNNEL_HISTORY",
    "TUNNEL_HISTORY_AGE",
    "TUNNEL_HISTORY_BYTES",
    "TUNNEL_HISTORY_COUNT",
    "TUNNEL_HOST_HEADER",
    "TUNNEL_HTTP_ADDR",
    "TUNNEL_IDLE_TIMEOUT",
    "TUNNEL_INSPECT_ADDR",
    "TUNNEL_INSPECT_BODY_BYTES",
    "TUNNEL_INSPECT_TOKEN",
    "TUNNEL_LOCAL_CONNECT_TIMEOUT",
    "TUNNEL_LOCAL_HOST",
    "TUNNEL_LOCAL_PORT",
    "TUNNEL_LOG_FORMAT",
    "TUNNEL_LOG_LEVEL",
    "TUNNEL_MAX_BODY_BYTES",
    "TUNNEL_MAX_CONNECTIONS",
    "TUNNEL_MAX_HEADER_BYTES",
    "TUNNEL_MAX_IN_FLIGHT",
    "TUNNEL_NO_FORWARDED_HEADERS",
    "TUNNEL_PROXY",
    "TUNNEL_PUBLIC_URL",
    "TUNNEL_RAW_BODIES",
    "TUNNEL_RESPONSE_TIMEOUT",
    "TUNNEL_SECRETS",
    "TUNNEL_SERVER_ADDR",
    "TUNNEL_STUB",
    "TUNNEL_TCP_ADDR",
    "TUNNEL_THREADS",
    "TUNNEL_TRUSTED_PROXY",
    "TUNNEL_WAIT_FOR_APP",
    "TUNNEL_WEBHOOK_SCHEMES",
};
// clang-format on

}  // namespace tunnel::app
