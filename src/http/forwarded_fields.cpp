#include "http/forwarded_fields.hpp"

#include <string>
#include <utility>

#include "http/grammar.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

constexpr std::string_view via_1_1 = "1.1 ";
constexpr std::string_view via_1_0 = "1.0 ";

field_list::iterator last_of(const field_list& fields, std::string_view name) noexcept {
    auto last = fields.end();
    for (auto line = fields.begin(); line != fields.end(); ++line) {
        if (iequals((*line).name, name)) last = line;
    }
    return last;
}

/// Which of the added fields are there already, found in one pass.
struct forwarded_already {
    bool via = false;
    bool for_ = false;
    bool proto = false;
    bool host = false;

    explicit forwarded_already(const field_list& fields) noexcept {
        for (const auto [name, value] : fields) {
            constexpr std::string_view prefix = "X-Forwarded-";
            if (name.size() < prefix.size()) {
                via = via || iequals(name, "Via");
            } else if (name.size() < prefix.size() + 6) {
                for_ = for_ || iequals(name, "X-Forwarded-For");
                proto = proto || iequals(name, "X-Forwarded-Proto");
                host = host || iequals(name, "X-Forwarded-Host");
            }
        }
    }
};

void append_member(field_list& fields, std::string_view name, std::string_view member, bool there) {
    if (!there) return fields.add(name, member);
    const auto line = last_of(fields, name);
    std::string joined{(*line).value};
    if (!joined.empty()) joined += ", ";
    joined += member;
    fields.set_value(line, joined);
}

}  // namespace

bool has_own_via(const field_list& fields, std::string_view pseudonym) noexcept {
    bool found = false;
    for (const auto f : fields) {
        if (!iequals(f.name, "Via")) continue;
        grammar::for_each_member(f.value, [&](std::string_view member) {
            const auto version = member.substr(0, via_1_1.size());
            const auto ours = version == via_1_1 || version == via_1_0;
            found = found || (ours && iequals(member.substr(version.size()), pseudonym));
        });
    }
    return found;
}

void add_forwarded_fields(request_head& head, unsigned minor, std::string_view pseudonym,
                          std::string_view client_address) {
    constexpr std::string_view forwarded_host = "X-Forwarded-Host";
    auto& fields = head.fields;
    const forwarded_already there(fields);
    std::string via{minor == 0 ? via_1_0 : via_1_1};
    via += pseudonym;
    append_member(fields, "Via", via, there.via);
    append_member(fields, "X-Forwarded-For", client_address, there.for_);
    if (!there.proto) fields.add("X-Forwarded-Proto", "http");
    if (there.host) return;
    const auto size = fields.find("Host").size();
    if (size == 0) return;
    fields.reserve(1, forwarded_host.size() + size);  // so that the line whose value is copied does not move
    fields.add(forwarded_host, fields.find("Host"));
}

void remove_forwarded_fields(request_head& head) {
    constexpr std::string_view prefix = "X-Forwarded-";
    std::uint32_t seen = 0;
    std::uint32_t ahead = 0;  // of Content-Length, and removed
    head.fields.remove_if([&](const field& f) {
        const auto claims = iequals(f.name.substr(0, prefix.size()), prefix) || iequals(f.name, "Forwarded") ||
                            iequals(f.name, "X-Real-IP");
        if (claims && seen < head.content_length_at) ++ahead;
        ++seen;
        return claims;
    });
    if (head.content_length_at != behind_all_fields) head.content_length_at -= ahead;
}

void set_host(request_head& head, std::string_view host) {
    auto& fields = head.fields;
    if (const auto line = fields.locate("Host"); line != fields.end()) {
        if ((*line).value != host) fields.set_value(line, host);
        return;
    }
    if (head.content_length_at != behind_all_fields) ++head.content_length_at;
    field_list with_host;
    with_host.add("Host", host);
    for (const auto f : fields) with_host.add(f.name, f.value);
    fields = std::move(with_host);
}

}  // namespace tunnel::http
