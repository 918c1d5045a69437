#include "net/forwarded_fields.hpp"

#include <string>
#include <utility>

#include "net/http_grammar.hpp"

namespace tunnel::net {
namespace {

using protocol::field_list;
using protocol::iequals;

constexpr std::size_t none = static_cast<std::size_t>(-1);

std::size_t last_of(const field_list& fields, std::string_view name) noexcept {
    for (std::size_t i = fields.size(); i-- > 0;) {
        if (iequals(fields[i].name, name)) return i;
    }
    return none;
}

// A field_list does not change in place: lines are packed into one string.
void set_value(field_list& fields, std::size_t at, std::string_view value) {
    field_list changed;
    std::size_t bytes = value.size();
    for (const auto f : fields) bytes += f.name.size() + f.value.size();
    changed.reserve(fields.size(), bytes);
    for (std::size_t i = 0; i < fields.size(); ++i) changed.add(fields[i].name, i == at ? value : fields[i].value);
    fields = std::move(changed);
}

void append_member(field_list& fields, std::string_view name, std::string_view member) {
    const auto at = last_of(fields, name);
    if (at == none) return fields.add(name, member);
    std::string joined{fields[at].value};
    if (!joined.empty()) joined += ", ";
    joined += member;
    set_value(fields, at, joined);
}

}  // namespace

bool has_own_via(const field_list& fields) noexcept {
    bool found = false;
    for (const auto f : fields) {
        if (!iequals(f.name, "Via")) continue;
        grammar::for_each_member(f.value,
                                 [&](std::string_view member) { found = found || iequals(member, via_token); });
    }
    return found;
}

void add_forwarded_fields(protocol::request_head& head, std::string_view caller_address) {
    auto& fields = head.fields;
    append_member(fields, "Via", via_token);
    append_member(fields, "X-Forwarded-For", caller_address);
    if (!fields.contains("X-Forwarded-Proto")) fields.add("X-Forwarded-Proto", "http");
    if (!fields.contains("X-Forwarded-Host")) {
        const std::string host{fields.find("Host")};  // a copy: add() moves what find() points to
        if (!host.empty()) fields.add("X-Forwarded-Host", host);
    }
}

void set_host(protocol::request_head& head, std::string_view host) {
    auto& fields = head.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!iequals(fields[i].name, "Host")) continue;
        if (fields[i].value != host) set_value(fields, i, host);
        return;
    }
    field_list with_host;
    with_host.add("Host", host);
    for (const auto f : fields) with_host.add(f.name, f.value);
    fields = std::move(with_host);
}

}  // namespace tunnel::net
