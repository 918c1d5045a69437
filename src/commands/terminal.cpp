#include "commands/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "base/log_text.hpp"
#include "base/timestamp.hpp"
#include "inspector/body_view.hpp"
#include "inspector/export.hpp"
#include "inspector/query_values.hpp"
#include "inspector/record_time.hpp"

namespace tunnel::commands {

namespace {

/// What a body shows of itself at most: more scrolls what matters out of sight.
constexpr std::size_t shown_body = std::size_t{64} * 1024;

/// Length of the UTF-8 sequence that begins here, and its character; 0: there is none.
std::size_t sequence_at(std::string_view text, char32_t& character) {
    const auto first = static_cast<unsigned char>(text[0]);
    std::size_t size = 1;
    if (first >= 0xf0) {
        size = 4;
    } else if (first >= 0xe0) {
        size = 3;
    } else if (first >= 0xc0) {
        size = 2;
    }
    if (size > text.size() || !inspector::is_utf8(text.substr(0, size))) return 0;
    constexpr std::array<unsigned, 5> masks{0, 0x7f, 0x1f, 0x0f, 0x07};
    character = first & masks.at(size);
    for (std::size_t i = 1; i < size; ++i) character = character << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
    return size;
}

bool is_safe(char32_t c) {
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
    const auto reorders = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f ||
                          c == 0x061c || c == 0x2028 || c == 0x2029;
    return !reorders;
}

std::string text_of(const nlohmann::ordered_json& from, const char* name) {
    const auto found = from.find(name);
    if (found == from.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number_of(const nlohmann::ordered_json& from, const char* name) {
    const auto found = from.find(name);
    return found == from.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

/// ", 31 s after the one before"; empty for the first.
std::string gap_text(const nlohmann::ordered_json& from, const char* name) {
    const auto found = from.find(name);
    if (found == from.end() || !found->is_number_unsigned()) return {};
    return ", " + time_text(found->get<std::uint64_t>()) + " after the one before";
}

std::string prefixed(std::string_view prefix, const std::string& text) {
    return text.empty() ? std::string() : std::string(prefix) + text;
}

/// "signature invalid", "no secret"
std::string verdict_text(std::string verdict) {
    std::ranges::replace(verdict, '_', ' ');
    const auto of_signature = verdict == "valid" || verdict == "invalid" || verdict == "stale" || verdict == "unknown";
    return printable(of_signature ? "signature " + verdict : verdict);
}

/// What the doctor says of the signature.
std::string verification_text(const nlohmann::ordered_json& exchange) {
    const auto found = exchange.find("verification");
    if (found == exchange.end() || !found->is_object()) return {};
    auto text = verdict_text(text_of(*found, "verdict"));
    if (const auto cause = text_of(*found, "cause"); !cause.empty()) text += " (" + printable(cause) + ")";
    if (const auto reason = text_of(*found, "reason"); !reason.empty()) text += ": " + printable(reason);
    return text + "\n";
}

/// What the client did with the request besides forwarding it.
std::string handling_text(const nlohmann::ordered_json& exchange) {
    std::string text;
    if (exchange.value("stub", false)) {
        const auto rule = text_of(exchange, "stub_rule");
        text += "stub    " + (rule.empty() ? "a rule" : "rule " + rule) + " of --stub responded, not the app\n";
    }
    if (exchange.value("held", false)) text += "held    it waited for the app\n";
    if (exchange.value("fault", false)) text += "fault   made on purpose\n";
    return text;
}

void append_fields(std::string& to, const inspector::field_lines& fields) {
    for (const auto& [name, value] : fields) to += printable(name) + ": " + printable(value) + "\n";
}

void append_body(std::string& to, const inspector::body_copy& body, const inspector::field_lines& fields) {
    if (body.length == 0) return;
    const auto decoded = decode_body(body, fields);
    const auto* type = inspector::find_field(fields, "Content-Type");
    const auto shown = std::string_view(decoded.bytes).substr(0, shown_body);
    const auto kind = inspector::classify(decoded.bytes, type == nullptr ? std::string_view() : *type);
    if (kind == inspector::body_type::json && shown.size() == decoded.bytes.size()) {
        const auto pretty = inspector::pretty_json(shown);
        to += printable(pretty.problem.empty() ? std::string_view(pretty.text) : shown, true);
    } else if (inspector::is_text(shown)) {
        to += printable(shown, true);
    } else {
        to += inspector::hex_view(shown);
    }
    if (!to.ends_with('\n')) to += '\n';
    if (shown.size() < decoded.bytes.size() || decoded.cut || body.truncated())
        to += fmt::format("({} of {} bytes are shown)\n", shown.size(), body.length);
}

void append_messages(std::string& to, const inspector::record& r) {
    for (const auto& m : r.messages) {
        const auto text = inspector::is_text(m.data) ? printable(m.data, true) : "\n" + inspector::hex_view(m.data);
        to +=
            fmt::format("{} {:>9} {} {}: {}\n", m.direction == inspector::message_direction::from_caller ? "->" : "<-",
                        time_text(static_cast<std::uint64_t>(m.at.count())), to_string(m.kind), m.length, text);
    }
    for (const auto& e : r.events) {
        to += fmt::format("<- {:>9} {}: {}\n", time_text(static_cast<std::uint64_t>(e.at.count())),
                          e.type.empty() ? "message" : printable(e.type), printable(e.data, true));
    }
    if (r.messages_dropped > 0) to += fmt::format("({} not kept)\n", counted(r.messages_dropped, "more message"));
}

}  // namespace

std::string printable(std::string_view text, bool lines) {
    std::string safe;
    while (!text.empty()) {
        char32_t character = 0;
        const auto size = sequence_at(text, character);
        const auto stays = lines && size == 1 && (character == '\n' || character == '\t');
        if (size > 0 && (stays || is_safe(character))) {
            safe += text.substr(0, size);
            text.remove_prefix(size);
            continue;
        }
        const auto bad = size == 0 ? 1 : size;
        if (lines && text.starts_with("\r\n")) {
            text.remove_prefix(1);
            continue;
        }
        for (const char c : text.substr(0, bad)) safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        text.remove_prefix(bad);
    }
    return safe;
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string time_text(std::uint64_t microseconds) {
    if (microseconds < 10'000) return fmt::format("{:.1f} ms", static_cast<double>(microseconds) / 1e3);
    if (microseconds < 10'000'000) return fmt::format("{} ms", microseconds / 1000);
    return fmt::format("{} s", microseconds / 1'000'000);
}

std::string local_time(std::string_view rfc3339) {
    const auto moment = inspector::parse_moment(rfc3339);
    if (!moment) return printable(rfc3339);
    const auto t = local_of(static_cast<std::time_t>(*moment / 1'000'000));
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &t);
    // strftime writes the offset as +0100, RFC 3339 as +01:00.
    std::string local(text.data(), length);
    if (local.size() > 2) local.insert(local.size() - 2, ":");
    return local;
}

std::string summary_line(const nlohmann::ordered_json& s) {
    const auto status = text_of(s, "status");
    const auto outcome = text_of(s, "outcome");
    const auto took = s.contains("duration_us") && s["duration_us"].is_number_unsigned()
                          ? time_text(s["duration_us"].get<std::uint64_t>())
                          : std::string();
    const auto size = s.contains("response_bytes") && s["response_bytes"].is_number_unsigned()
                          ? size_text(s["response_bytes"].get<std::uint64_t>())
                          : std::string();
    auto line = fmt::format("{}  {}  {:7} {:>3}  {:>8}  {:>9}  {}", text_of(s, "id"),
                            local_time(text_of(s, "started_at")), printable(text_of(s, "method")),
                            status.empty() ? "-" : status, took, size, printable(text_of(s, "target")));
    if (!outcome.empty()) line += " (" + printable(outcome) + ")";
    if (text_of(s, "state") == "pending") line += " (open)";
    if (const auto parent = text_of(s, "parent"); !parent.empty()) line += " (replay of " + printable(parent) + ")";
    if (const auto event = text_of(s, "event"); !event.empty())
        line += " [" + printable(text_of(s, "provider")) + " " + printable(event) + "]";
    if (const auto attempt = number_of(s, "attempt"); attempt > 1)
        line += fmt::format(" (attempt {}{})", attempt, gap_text(s, "attempt_gap_us"));
    if (s.value("duplicate", false)) line += " (duplicate)";
    if (const auto verdict = text_of(s, "signature"); !verdict.empty() && verdict != "valid")
        line += " (" + verdict_text(verdict) + ")";
    if (s.value("fault", false)) line += " (fault on purpose)";
    if (s.value("stub", false)) line += " (stub" + prefixed(" ", text_of(s, "stub_rule")) + ")";
    if (s.value("held", false)) line += " (held)";
    return line + "\n";
}

std::string about_text(const nlohmann::ordered_json& exchange) {
    auto text = handling_text(exchange);
    if (const auto provider = text_of(exchange, "provider"); !provider.empty())
        text += "webhook " + printable(provider) + prefixed(" ", printable(text_of(exchange, "event"))) + "\n";
    text += verification_text(exchange);
    const auto delivery = text_of(exchange, "delivery");
    if (delivery.empty()) return text;
    text += "delivery " + printable(delivery) + "\n";
    const auto attempts = exchange.value("attempts", nlohmann::ordered_json::array());
    if (attempts.size() < 2) return text;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        const auto& a = attempts[i];
        const auto status = text_of(a, "status");
        text += fmt::format("  attempt {}  {}  {}{}", i + 1, text_of(a, "id"), status.empty() ? "-" : status,
                            gap_text(a, "gap_us"));
        if (a.value("duplicate", false)) text += ", duplicate";
        text += text_of(a, "id") == text_of(exchange, "id") ? " (this one)\n" : "\n";
    }
    return text;
}

std::string record_text(const inspector::record& from, bool include_secrets, std::string_view more) {
    const auto r = include_secrets ? from : redacted(from);
    std::string text = fmt::format("{}  {}  {}{}\n", inspector::to_string(r.id), to_string(r.origin),
                                   to_string(r.state), prefixed("  ", printable(r.outcome)));
    text += "arrived " + local_time(inspector::to_rfc3339(r.arrived)) + "\n";
    if (!r.public_url.empty()) text += "url     " + printable(r.public_url) + "\n";
    if (!r.caller.empty()) text += "caller  " + printable(r.caller) + "\n";
    if (!r.app.empty()) text += "app     " + printable(r.app) + "\n";
    if (r.parent != 0) text += "replays " + inspector::to_string(r.parent) + "\n";
    if (const auto took = total_time(r))
        text += "took    " + time_text(static_cast<std::uint64_t>(took->count())) + "\n";
    text += more;
    text += "\n" + printable(r.request.method) + " " + printable(r.request.target) + "\n";
    append_fields(text, r.request.fields);
    text += "\n";
    append_body(text, r.request.body, r.request.fields);
    append_fields(text, r.request.trailers);
    if (r.response.status == 0) return text;
    for (const auto& interim : r.response.interim) text += "\n" + printable(interim.raw, true);
    const auto line = std::string_view(r.response.raw_head).substr(0, r.response.raw_head.find_first_of("\r\n"));
    text += "\n" + (line.empty() ? std::to_string(r.response.status) : printable(line)) + "\n";
    append_fields(text, r.response.fields);
    text += "\n";
    append_body(text, r.response.body, r.response.fields);
    append_fields(text, r.response.trailers);
    append_messages(text, r);
    return text;
}

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

}  // namespace tunnel::commands
