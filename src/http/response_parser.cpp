#include "http/response_parser.hpp"

#include "http/grammar.hpp"
#include "http/start_line.hpp"

namespace tunnel::http {

std::size_t response_parser::parse(std::string_view buffered, bool to_head, received_response& out,
                                   parse_error& error) {
    const auto size = reader_.error() ? 0 : read(reader_.limited(buffered), to_head, out);
    error = reader_.error();
    if (!error) return size;
    error.status = 502;
    return 0;
}

std::size_t response_parser::read(std::string_view head, bool to_head, received_response& out) {
    if (!reader_.has_start_line() && !take_status_line(head, out)) return 0;
    const auto take = [&out](const field_parser::line& line) {
        add_line(out.head.fields, line);
        return true;
    };
    if (!reader_.take_fields(head, out.head.fields, take)) return 0;
    if (const auto error = finish(to_head, out)) reader_.refuse(error);
    return reader_.size();
}

bool response_parser::take_status_line(std::string_view head, received_response& out) {
    const auto start = reader_.skip_empty_lines(head);
    if (start.empty()) return false;
    constexpr std::string_view protocol_name = "HTTP/";
    if (!start.starts_with(protocol_name.substr(0, start.size()))) {
        reader_.refuse({502, "what was sent does not start like an HTTP response"});
        return false;
    }
    std::string_view text;
    if (!reader_.take_start_line(head, text)) return false;
    status_line line;
    if (const auto error = read_status_line(text, line)) {
        reader_.refuse(error);
        return false;
    }

    minor_ = line.minor;
    out.head.status = line.status;
    out.head.reason = line.reason;
    out.head.fields.clear();
    out.head.fields.reserve(usual_fields, usual_field_bytes);
    return true;
}

parse_error response_parser::finish(bool to_head, received_response& out) {
    const auto& connection = reader_.connection();
    if (const auto error = connection.check(minor_)) return error;
    if (const auto error = check_frame_size(reader_.size(), out.head.reason, out.head.fields)) return error;

    delimit(to_head, out);
    out.head.content_length_at =
        out.head.content_length ? connection.content_length_at(out.head.fields.size()) : behind_all_fields;
    out.faulty_framing = reader_.faulty() || connection.faulty(minor_);
    if (out.faulty_framing || connection.options().malformed()) out.keep_alive = false;

    out.head.upgrade.clear();
    if (const auto status = out.head.status; status == 101 || status == 426) {
        const bool valid = grammar::is_protocol_list(connection.upgrade());
        if (valid) out.head.upgrade = connection.upgrade();
        if (status == 101 && !valid) return {400, "a 101 without a valid Upgrade field"};
    }
    out.hop_by_hop.clear();
    if (out.body == body_kind::chunked) out.hop_by_hop = connection.options().name_list();
    return {};
}

// RFC 9112 section 6.3.
void response_parser::delimit(bool to_head, received_response& out) const {
    const auto& connection = reader_.connection();
    const auto status = out.head.status;
    out.keep_alive = connection.keep_alive(minor_);
    out.head.content_length = connection.content_length();
    out.body = body_kind::none;
    if (status < 200 || status == 204) {
        out.head.content_length.reset();
        if (connection.declares_body()) out.keep_alive = false;  // an app that announces a body here may well send it
    } else if (status == 205) {
        // No content, and no waiting for the end of the connection either: what follows is dropped with it.
        const bool may_follow = connection.declares_body() || !connection.content_length();
        if (!to_head && may_follow) out.keep_alive = false;
        out.head.content_length = 0;
    } else if (to_head || status == 304) {
        return;
    } else if (connection.has_transfer_encoding() || connection.content_length()) {
        out.body = declared_body(connection);
    } else {
        out.body = body_kind::until_close;
        out.keep_alive = false;
    }
}

}  // namespace tunnel::http
