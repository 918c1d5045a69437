#include "http/writable.hpp"

#include "http/field_rules.hpp"
#include "http/grammar.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

bool has_two_hosts(const field_list& fields) noexcept {
    unsigned hosts = 0;
    for (const auto f : fields) hosts += iequals(f.name, "Host") ? 1U : 0U;
    return hosts > 1;
}

}  // namespace

bool is_writable(const field_list& fields) noexcept {
    if (fields.size() > limits::max_fields + limits::added_fields) return false;
    if (fields.bytes() > limits::largest_head + limits::added_bytes) return false;
    if (fields.all_valid()) return true;
    for (const auto [name, value] : fields) {
        if (!grammar::is_token(name) || !grammar::is_field_value(value) || is_connection_field(name)) return false;
    }
    return true;
}

bool is_writable(const request_head& head) noexcept {
    if (!grammar::is_token(head.method) || !grammar::is_target(head.target)) return false;
    if (head.method == "CONNECT") return false;
    // RFC 9112 section 3.2.4: only OPTIONS concerns the server as a whole.
    const bool whole_server = head.target == "*" && head.method == "OPTIONS";
    if (!head.target.starts_with('/') && !whole_server) return false;
    if (!head.upgrade.empty() && !grammar::is_protocol_list(head.upgrade)) return false;
    return is_writable(head.fields) && !has_two_hosts(head.fields);
}

bool is_writable(const response_head& head) noexcept {
    if (head.status < 100 || head.status > 999 || !grammar::is_field_value(head.reason)) return false;
    // RFC 9110 sections 15.2.2 and 15.5.22: a 101 must name its protocol, a 426 the acceptable ones.
    const bool upgrade = !head.upgrade.empty();
    if (upgrade ? head.status != 101 && head.status != 426 : head.status == 101) return false;
    if (upgrade && !grammar::is_protocol_list(head.upgrade)) return false;
    return is_writable(head.fields);
}

}  // namespace tunnel::http
