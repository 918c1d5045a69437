#include "net/forwarded_fields.hpp"

#include <string>
#include <utility>

#include "net/http_grammar.hpp"

namespace tunnel::net {
namespace {

using protocol::field_list;
using protocol::iequals;

field_list::iterator last_of(const field_list& fields, std::string_view name) noexcept {
    auto last = fields.end();
    for (auto line = fields.begin(); line != fields.end(); ++line) {
        if (iequals((*line).name, name)) last = line;
    }
    return last;
}

void append_member(field_list& fields, std::string_view name, std::string_view member) {
    const auto line = last_of(fields, name);
    if (line == fields.end()) return fields.add(name, member);
    std::string joined{(*line).value};
    if (!joined.empty()) joined += ", ";
    joined += member;
    fields.set_value(line, joined);
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
    if (const auto line = fields.locate("Host"); line != fields.end()) {
        if ((*line).value != host) fields.set_value(line, host);
        return;
    }
    field_list with_host;
    with_host.add("Host", host);
    for (const auto f : fields) with_host.add(f.name, f.value);
    fields = std::move(with_host);
}

}  // namespace tunnel::net
