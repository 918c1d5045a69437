#include "http/request_parser.hpp"

#include "http/forwarded_fields.hpp"
#include "http/grammar.hpp"
#include "http/request_target.hpp"
#include "http/start_line.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

// Expect, Upgrade and TE are not for HTTP/1.0 (RFC 9110 sections 10.1.1 and 7.8). An Upgrade in a request with a
// chunked body is ignored, as any may be: on a stream of the tunnel only a declared length determines where the body
// ends and the other protocol begins.
bool may_upgrade(const received_request& request, const connection_fields& fields) {
    return request.minor > 0 && request.body != body_kind::chunked && fields.options().upgrade() &&
           grammar::is_protocol_list(fields.upgrade());
}

constexpr parse_error proxy_header{
    400, "a PROXY protocol header stands ahead of it: switch that off in what stands in front of this port"};

}  // namespace

void request_parser::reset() noexcept {
    reader_.reset();
    authority_.clear();
    host_lines_ = 0;
    expects_continue_ = false;
}

std::size_t request_parser::parse(std::string_view buffered, received_request& out, parse_error& error) {
    const auto size = reader_.error() ? 0 : read(reader_.limited(buffered), out);
    error = reader_.error();
    return error ? 0 : size;
}

// Inlined into the loop over the lines.
[[gnu::always_inline]] inline bool request_parser::take_field(const field_parser::line& line, received_request& out) {
    const auto& [name, value] = line.field;
    if (iequals(name, "Host")) {
        ++host_lines_;
        if (!is_host(value)) {
            reader_.refuse({400, "the Host field is not valid"});
            return false;
        }
        if (!authority_.empty()) {  // RFC 9112 section 3.2.2
            out.head.fields.add_valid(name, authority_);
            return true;
        }
    } else if (iequals(name, "Expect")) {
        expects_continue_ = expects_continue_ || iequals(value, "100-continue");
    }
    add_line(out.head.fields, line);
    return true;
}

std::size_t request_parser::read(std::string_view head, received_request& out) {
    if (!reader_.has_start_line() && !take_request_line(head, out)) return 0;
    const auto take = [this, &out](const field_parser::line& line) { return take_field(line, out); };
    if (!reader_.take_fields(head, out.head.fields, take)) return 0;
    if (const auto error = finish(out)) reader_.refuse(error);
    return reader_.size();
}

bool request_parser::take_request_line(std::string_view head, received_request& out) {
    const auto start = reader_.skip_empty_lines(head);
    if (start.empty()) return false;
    if (!grammar::is_token_char(start.front())) {
        // The signature of version 2 of the PROXY protocol is two empty lines and a NUL, which no other protocol sends.
        const auto proxied = start.front() == '\0' && head.size() - start.size() == 2 * grammar::line_end.size();
        reader_.refuse(proxied ? proxy_header : parse_error{400, "what was sent does not start like a request"});
        return false;
    }
    std::string_view text;
    if (!reader_.take_start_line(head, text)) return false;
    request_line line;
    request_target target;
    auto error = read_request_line(text, line);
    if (error && text.starts_with("PROXY ")) error = proxy_header;
    if (!error) error = read_target(line.method, line.target, target);
    if (error) {
        reader_.refuse(error);
        return false;
    }

    out.minor = line.minor;
    out.head.method = line.method;
    out.head.target.clear();
    if (target.add_slash) out.head.target += '/';
    out.head.target += target.path;
    if (!target.authority.empty()) authority_ = target.authority;
    out.head.fields.clear();
    out.head.fields.reserve(usual_fields, usual_field_bytes);
    return true;
}

parse_error request_parser::finish(received_request& out) {
    const auto& connection = reader_.connection();
    if (const auto error = connection.check(out.minor)) return error;
    if (host_lines_ > 1) return {400, "more than one Host field"};
    if (host_lines_ == 0 && out.minor > 0) return {400, "no Host field in an HTTP/1.1 request"};
    if (const auto error = check_frame_size(reader_.size(), out.head.target, out.head.fields)) return error;

    out.body = declared_body(connection);
    out.head.content_length = connection.content_length();
    out.head.content_length_at = connection.content_length_at(out.head.fields.size());
    if (host_lines_ == 0 && !authority_.empty()) set_host(out.head, authority_);
    out.keep_alive = connection.keep_alive(out.minor);
    out.expects_continue = out.minor > 0 && expects_continue_;
    out.head.accepts_trailers = out.minor > 0 && connection.accepts_trailers();
    out.head.upgrade.clear();
    if (may_upgrade(out, connection)) out.head.upgrade = connection.upgrade();
    out.hop_by_hop.clear();
    if (out.body == body_kind::chunked) out.hop_by_hop = connection.options().name_list();
    return {};
}

}  // namespace tunnel::http
