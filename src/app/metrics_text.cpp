#include "app/metrics_text.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "tunnel/version.hpp"

namespace tunnel::app {

namespace {

class metrics_writer {
 public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        fmt::format_to(std::back_inserter(out_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
    }
    template <class Value>
    void sample(std::string_view name, Value value, std::string_view labels = {}) {
        const auto in_braces = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
        fmt::format_to(std::back_inserter(out_), "{}{} {}\n", name, in_braces, value);
    }
    template <class Value>
    void single(std::string_view name, std::string_view type, std::string_view help, Value value) {
        family(name, type, help);
        sample(name, value);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

 private:
    std::string out_;
};

void write_durations(metrics_writer& to, const statistics::values& values) {
    constexpr std::string_view name = "tunnel_request_duration_seconds";
    to.family(name, "histogram", "Time from the head of a request to the end of its response.");
    const auto bucket = fmt::format("{}_bucket", name);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < statistics::buckets.size(); ++i) {
        total += values.durations.at(i);
        const auto seconds = static_cast<double>(statistics::buckets.at(i).count()) / 1000;
        to.sample(bucket, total, fmt::format("le=\"{}\"", seconds));
    }
    total += values.durations.back();
    to.sample(bucket, total, "le=\"+Inf\"");
    to.sample(fmt::format("{}_sum", name), values.seconds);
    to.sample(fmt::format("{}_count", name), total);
}

/// In the order of the enumeration, and which program has it. The names are those of the README's table of limits.
struct bound_row {
    std::string_view name;
    bool of_server = true;
    bool of_client = true;
};
constexpr std::array<bound_row, statistics::bounds> bound_rows{{{"max_connections", true, false},
                                                                {"turned_away", true, false},
                                                                {"max_in_flight", true, false},
                                                                {"max_handshakes", true, false},
                                                                {"max_head"},
                                                                {"max_body_bytes", true, false},
                                                                {"window_pool"},
                                                                {"unsent_pool"},
                                                                {"held_requests", false, true},
                                                                {"open_files"},
                                                                {"admin_connections"}}};

void write_bounds(metrics_writer& to, bool of_client, const statistics::values& values) {
    constexpr std::string_view name = "tunnel_limits_reached_total";
    to.family(name, "counter", "How often a limit refused, closed or slowed something.");
    for (std::size_t i = 0; i < bound_rows.size(); ++i) {
        const auto& row = bound_rows.at(i);
        if (of_client ? row.of_client : row.of_server)
            to.sample(name, values.reached.at(i), fmt::format("limit=\"{}\"", row.name));
    }
}

void write_captures(metrics_writer& to, const statistics::values& values) {
    to.single("tunnel_inspector_records_dropped_total", "counter",
              "Requests that the inspector could not keep: the history was too slow, or could not be written.",
              values.dropped_records);
    to.single("tunnel_inspector_bodies_cut_total", "counter",
              "Bodies of which the inspector kept the beginning alone: those of open requests took too much memory.",
              values.cut_bodies);
}

}  // namespace

std::string metrics_text(std::string_view program, const statistics::values& values) {
    metrics_writer to;
    to.family("tunnel_build_info", "gauge", "Program and version; always 1.");
    to.sample("tunnel_build_info", 1, fmt::format(R"(program="{}",version="{}")", program, program_version));
    to.family("tunnel_requests_total", "counter",
              "Requests that ended, by the class of the response's status; none where there was no response.");
    for (std::size_t i = 0; i < statistics::classes.size(); ++i)
        to.sample("tunnel_requests_total", values.requests.at(i),
                  fmt::format("class=\"{}\"", statistics::classes.at(i)));
    to.family("tunnel_failures_total", "counter",
              "Responses that the tunnel made by itself, by the value of X-Tunnel-Error.");
    for (const auto& [cause, n] : values.failures)
        to.sample("tunnel_failures_total", n, fmt::format("cause=\"{}\"", cause));
    write_durations(to, values);
    to.single("tunnel_request_body_bytes_total", "counter", "Bytes of request bodies.", values.bytes.request);
    to.single("tunnel_response_body_bytes_total", "counter", "Bytes of response bodies.", values.bytes.response);
    to.single("tunnel_requests_in_flight", "gauge", "Requests that have not ended.", values.in_flight);
    to.single("tunnel_client_active", "gauge", "Whether a client is active: 1 or 0.", values.active_since != 0 ? 1 : 0);
    to.single("tunnel_client_active_since_seconds", "gauge",
              "When the active client became active, in seconds since 1970; 0 where none is.", values.active_since);
    to.single("tunnel_client_activations_total", "counter", "Connections on which a client became active.",
              values.activations);
    to.single("tunnel_client_takeovers_total", "counter", "Active clients that another connection replaced.",
              values.takeovers);
    to.single("tunnel_log_lines_dropped_total", "counter", "Log lines that nobody read in time.",
              values.dropped_log_lines);
    const auto of_client = program == "tunnel-client";
    write_bounds(to, of_client, values);
    if (of_client) write_captures(to, values);
    return to.take();
}

}  // namespace tunnel::app
