#include "inspector/record.hpp"

#include <algorithm>
#include <ranges>

namespace tunnel::inspector {

namespace {

constexpr std::string_view id_alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t id_characters = 13;  // 5 bits each
constexpr unsigned id_bits = 5;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
    return result;
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::size_t size_of(const field_lines& fields) noexcept {
    std::size_t size = 0;
    for (const auto& [name, value] : fields) size += sizeof(field_line) + name.size() + value.size();
    return size;
}

/// The authority of an absolute URL.
std::string_view authority_of(std::string_view url) noexcept {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return {};
    url.remove_prefix(scheme_end + 3);
    return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find_field(const field_lines& fields, std::string_view name) noexcept {
    const auto found = std::ranges::find_if(fields, [&](const auto& line) { return same_name(line.first, name); });
    return found == fields.end() ? nullptr : &found->second;
}

field_lines fields_of_head(std::string_view raw_head) {
    field_lines fields;
    bool start_line = true;
    while (!raw_head.empty()) {
        auto line = raw_head.substr(0, raw_head.find('\n'));
        raw_head.remove_prefix(std::min(line.size() + 1, raw_head.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto colon = line.find(':');
        if (!start_line && colon != std::string_view::npos && colon > 0) {
            fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
        }
        start_line = false;
    }
    return fields;
}

std::string to_string(record_id id) {
    std::string text(id_characters, '0');
    for (auto& digit : std::views::reverse(text)) {
        digit = id_alphabet[id % id_alphabet.size()];
        id >>= id_bits;
    }
    return text;
}

std::optional<record_id> parse_record_id(std::string_view text) noexcept {
    if (text.size() != id_characters || text[0] > 'f') return std::nullopt;  // the first holds 4 bits
    record_id id = 0;
    for (const char c : text) {
        const auto digit = id_alphabet.find(lower(c));
        if (digit == std::string_view::npos) return std::nullopt;
        id = id << id_bits | digit;
    }
    return id;
}

std::string to_hex(const sha256_bytes& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * digest.size());
    for (const unsigned byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 0xF];
    }
    return text;
}

bool has_digest(const body_copy& body) noexcept { return body.sha256 != sha256_bytes{}; }

std::optional<bool> same_body(const body_copy& a, const body_copy& b) noexcept {
    if (a.length != b.length) return false;
    if (!has_digest(a) || !has_digest(b)) return std::nullopt;
    return a.sha256 == b.sha256;
}

std::size_t memory_size(const record& r) noexcept {
    std::size_t size = sizeof r + r.caller.size() + r.public_url.size() + r.request.target.size();
    size += r.request.raw_received.size() + r.request.raw_sent.size() + r.response.raw_head.size();
    size += size_of(r.request.fields) + size_of(r.request.trailers);
    size += size_of(r.response.fields) + size_of(r.response.trailers);
    size += r.request.body.bytes.size() + r.response.body.bytes.size() + r.note.comment.size();
    for (const auto& head : r.response.interim) size += sizeof head + head.raw.size();
    for (const auto& message : r.messages) size += sizeof message + message.data.size();
    for (const auto& event : r.events) size += sizeof event + event.data.size();
    return size;
}

std::string host_of(const record& r) {
    auto authority = authority_of(r.public_url);
    if (authority.empty()) {
        const auto* host = find_field(r.request.fields, "Host");
        if (host) authority = *host;
    }
    return lower(authority);
}

std::string_view path_of(const record& r) noexcept {
    const std::string_view target = r.request.target;
    return target.substr(0, target.find('?'));
}

std::string_view query_of(const record& r) noexcept {
    const std::string_view target = r.request.target;
    const auto mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

std::string url_of(const record& r) {
    if (!r.public_url.empty()) return r.public_url;
    if (r.request.target.find("://") != std::string::npos) return r.request.target;
    const auto host = host_of(r);
    return "http://" + (host.empty() ? "localhost" : host) + (r.request.target.starts_with('/') ? "" : "/") +
           r.request.target;
}

bool is_websocket(const record& r) noexcept {
    if (!r.messages.empty()) return true;
    const auto* upgrade = find_field(r.request.fields, "Upgrade");
    return upgrade && same_name(*upgrade, "websocket");
}

bool is_truncated(const record& r) noexcept { return r.request.body.truncated() || r.response.body.truncated(); }

std::optional<duration> total_time(const record& r) noexcept { return r.phases.last_byte; }

std::string_view to_string(record_origin origin) noexcept {
    switch (origin) {
        case record_origin::live:
            return "live";
        case record_origin::replay:
            return "replay";
        case record_origin::import:
            return "import";
    }
    return "live";
}

std::string_view to_string(record_state state) noexcept {
    switch (state) {
        case record_state::pending:
            return "pending";
        case record_state::complete:
            return "complete";
        case record_state::failed:
            return "failed";
        case record_state::aborted:
            return "aborted";
    }
    return "pending";
}

std::string_view to_string(message_direction direction) noexcept {
    return direction == message_direction::from_caller ? "from_caller" : "from_app";
}

std::string_view to_string(message_kind kind) noexcept {
    switch (kind) {
        case message_kind::text:
            return "text";
        case message_kind::binary:
            return "binary";
        case message_kind::close:
            return "close";
        case message_kind::ping:
            return "ping";
        case message_kind::pong:
            return "pong";
    }
    return "binary";
}

std::string_view to_string(signature_verdict verdict) noexcept {
    switch (verdict) {
        case signature_verdict::none:
            return "none";
        case signature_verdict::valid:
            return "valid";
        case signature_verdict::invalid:
            return "invalid";
        case signature_verdict::stale:
            return "stale";
        case signature_verdict::unsigned_:
            return "unsigned";
        case signature_verdict::no_secret:
            return "no_secret";
        case signature_verdict::truncated:
            return "truncated";
        case signature_verdict::unknown:
            return "unknown";
    }
    return "none";
}

}  // namespace tunnel::inspector
