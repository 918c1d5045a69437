#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <string>

#include "http/connection_notes.hpp"
#include "http/field_section.hpp"
#include "http/forwarded_fields.hpp"
#include "http/grammar.hpp"
#include "http/head_scanner.hpp"
#include "http/hop_by_hop.hpp"
#include "http/message_head.hpp"
#include "http/request_target.hpp"
#include "http/start_line.hpp"
#include "http/whole_head.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;

constexpr std::size_t version_size = std::string_view{" HTTP/1.1"}.size();

// Most heads have no more, what add_forwarded_fields adds included: the list then allocates once.
constexpr std::size_t usual_fields = 16;
constexpr std::size_t usual_field_octets = 1 * limits::kib;

std::string_view to_std(beast::string_view text) noexcept { return {text.data(), text.size()}; }

/// Beast's parser, which sees no more than the start line: method, target and version, or version, status and reason.
template <bool is_request>
class start_line_reader : public beast_http::basic_parser<is_request> {
 public:
    start_line_reader() {
        this->header_limit(std::numeric_limits<std::uint32_t>::max());  // the size is checked before
    }

    /// With its CRLF.
    [[nodiscard]] http_error read(std::string_view line) {
        beast::error_code code;
        const auto size = this->put(boost::asio::const_buffer(line.data(), line.size()), code);
        if (code == beast_http::error::need_more && size == line.size()) return {};
        if (code == beast_http::error::bad_method) return {400, "the method is not a token"};
        if (code == beast_http::error::bad_target) return {400, "the request target is not valid"};
        if (code == beast_http::error::bad_version) return {400, "the HTTP version is not valid"};
        if (code == beast_http::error::bad_status) return {400, "the status code is not valid"};
        if (code == beast_http::error::bad_reason) return {400, "a control character in the reason phrase"};
        if (code == beast_http::error::bad_line_ending) return {400, "a carriage return without line feed"};
        return {400, "the start line is malformed"};
    }

 private:
    void on_request_impl(beast_http::verb, beast::string_view, beast::string_view, int, beast::error_code&) override {}
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
    void on_field_impl(beast_http::field, beast::string_view, beast::string_view, beast::error_code&) override {}
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
    void on_finish_impl(beast::error_code&) override {}
};

class request_line_reader final : public start_line_reader<true> {
 public:
    std::string_view method;
    std::string_view target;

 private:
    void on_request_impl(beast_http::verb, beast::string_view m, beast::string_view t, int,
                         beast::error_code&) override {
        method = to_std(m);
        target = to_std(t);
    }
};

class status_line_reader final : public start_line_reader<false> {
 public:
    unsigned status = 0;
    std::string_view reason;

 private:
    void on_response_impl(int s, beast::string_view r, int, beast::error_code&) override {
        status = static_cast<unsigned>(s);
        reason = to_std(r);
    }
};

/// Lines of `fields`, where order, case and duplicates stay. Both readers have looked at name and value.
void add(field_list& fields, const field& line, const whole_head& from) {
    const auto text = from.text();
    if (text.empty()) return fields.add_sound(line.name, line.value);
    fields.add_sound_line(text, line.name.size());
}
void add(field_list& fields, const field& line, const field_section&) { fields.add_sound(line.name, line.value); }

/// All behind the start line. What concerns the connection goes to `notes`, which judge the framing; each other line
/// goes to `take(line)` for `fields`.
template <class Lines, class Take>
http_error read_fields(Lines& lines, connection_notes& notes, field_list& fields, Take take) {
    notes.clear();
    field line;
    http_error error;
    while (lines.next(line, error)) {
        const auto which = connection_field_from(line.name);
        error = which == connection_field::none ? take(line) : notes.add(which, line.value);
        if (error) break;
    }
    if (error) return error;
    notes.finish();
    if (notes.options().names_fields()) {
        fields.remove_if([&notes](const field& f) { return notes.options().names(f.name); });
    }
    return {};
}

http_error describe(head_scanner::outcome outcome) noexcept {
    switch (outcome) {
        case head_scanner::outcome::bare_line_feed:
            return {400, "a line feed without carriage return"};
        case head_scanner::outcome::blank_first:
            return {400, "a blank ahead of the first field"};
        case head_scanner::outcome::folded:
            return {400, "a folded field line"};
        case head_scanner::outcome::too_many_fields:
            return {431, "too many fields"};
        case head_scanner::outcome::more:
        case head_scanner::outcome::whole:
            break;
    }
    return {};
}

/// What both parsers keep between calls.
struct head_state {
    std::size_t max_head;
    head_scanner scanner;
    bool start_line_checked = false;
    std::string start_line;  // as Beast takes it, where the received one is right but not for Beast
    connection_notes notes;

    head_state(std::size_t limit, head_scanner::folding folding) : max_head(limit), scanner(folding) {}

    /// Nothing of a head was seen yet.
    [[nodiscard]] bool at_start() const noexcept { return !start_line_checked && scanner.start_line_size() == 0; }

    void reset() noexcept {
        scanner.reset();
        start_line_checked = false;
        start_line.clear();
    }

    /// Whether the head is whole and its start line is good. `cut`: nothing will come behind `head`.
    bool find_end(std::string_view head, bool cut, http_error (*check_start_line)(std::string_view),
                  std::size_t max_line, http_error& error) {
        const auto outcome = scanner.scan(head);
        if (scanner.start_line_size() > max_line) error = {414, "the start line is too long"};
        if (!error && scanner.has_start_line() && !start_line_checked) {
            error = check_start_line(head.substr(0, scanner.start_line_size()));
            start_line_checked = !error;
        }
        if (error) return false;
        error = describe(outcome);
        if (!error && outcome == head_scanner::outcome::more && cut) {
            if (scanner.has_start_line()) {
                error = {431, "the head is too long"};
            } else {
                error = {414, "the start line is too long"};
            }
        }
        return !error && outcome == head_scanner::outcome::whole;
    }
};

body_kind body_of(const connection_notes& notes) noexcept {
    if (notes.has_transfer_encoding()) return body_kind::chunked;
    return notes.content_length().value_or(0) > 0 ? body_kind::length : body_kind::none;
}

}  // namespace

struct request_parser::impl : head_state {
    explicit impl(std::size_t limit) : head_state(limit, head_scanner::folding::refused) {}
    /// Octets of a head that is whole and as usual; 0: it has to be looked at line by line.
    std::size_t read_whole(std::string_view buffered, received_request& out);
    /// `received_line` is known to be good, and its CRLF follows it.
    template <class Lines>
    http_error read(std::string_view received_line, Lines& lines, received_request& out);

    struct request_line {
        std::string_view method;
        std::string_view target;
    };
    http_error read_request_line(std::string_view received, request_line& out);

    /// Who keeps a connection often asks for the same again: what Beast read last.
    std::string last_line;
    std::size_t last_method_size = 0;
};

std::size_t request_parser::impl::read_whole(std::string_view buffered, received_request& out) {
    whole_head head(buffered);
    const auto line = head.start_line();
    if (line.empty() || line.size() > max_request_line || (line != last_line && check_request_line(line))) return 0;
    out.head.fields.clear();
    out.head.fields.reserve(usual_fields, usual_field_octets);
    return read(line, head, out) ? 0 : head.size();
}

http_error request_parser::impl::read_request_line(std::string_view received, request_line& out) {
    if (received == last_line) {
        const auto behind = received.substr(last_method_size + 1);
        out = {received.substr(0, last_method_size), behind.substr(0, behind.size() - version_size)};
        return {};
    }
    start_line.clear();
    if (received.back() > '1') start_line.assign(received, 0, received.size() - 1).append("1\r\n");
    request_line_reader line;
    const std::string_view with_end(received.data(), received.size() + 2);
    if (const auto error = line.read(start_line.empty() ? with_end : start_line)) return error;
    out = {line.method, line.target};
    if (received.size() <= limits::kept_request_line) {
        last_line = received;
        last_method_size = line.method.size();
    }
    return {};
}

template <class Lines>
http_error request_parser::impl::read(std::string_view received_line, Lines& lines, received_request& out) {
    const char minor = received_line.back();
    request_line line;
    if (const auto error = read_request_line(received_line, line)) return error;
    request_target target;
    if (const auto error = read_target(line.method, line.target, target)) return error;
    out.head.method = line.method;
    out.head.target.clear();
    if (target.add_slash) out.head.target += '/';
    out.head.target += target.path;

    unsigned host_lines = 0;
    bool expects_continue = false;
    const auto take = [&](const field& f) -> http_error {
        if (iequals(f.name, "Host")) {
            ++host_lines;
            if (!is_host(f.value)) return {400, "the Host field is not valid"};
            if (!target.authority.empty()) {  // RFC 9112 section 3.2.2
                out.head.fields.add_sound(f.name, target.authority);
                return {};
            }
        } else if (iequals(f.name, "Expect")) {
            expects_continue = expects_continue || iequals(f.value, "100-continue");
        }
        add(out.head.fields, f, lines);
        return {};
    };
    if (const auto error = read_fields(lines, notes, out.head.fields, take)) return error;

    out.minor = minor == '0' ? 0 : 1;
    if (const auto error = notes.check(out.minor)) return error;
    if (host_lines > 1) return {400, "more than one Host field"};
    if (host_lines == 0 && out.minor > 0) return {400, "no Host field in an HTTP/1.1 request"};
    if (host_lines == 0 && !target.authority.empty()) set_host(out.head, target.authority);

    out.body = body_of(notes);
    out.head.content_length = notes.content_length();
    out.keep_alive = notes.keep_alive(out.minor);
    // Expect, Upgrade and TE are not for HTTP/1.0 (RFC 9110 sections 10.1.1 and 7.8).
    out.expects_continue = out.minor > 0 && expects_continue;
    out.head.accepts_trailers = out.minor > 0 && notes.accepts_trailers();
    out.head.upgrade.clear();
    // One with a body is ignored, as any may be: a tunnel stream carries either the body or the other protocol.
    if (out.minor > 0 && out.body == body_kind::none && notes.options().upgrade() &&
        grammar::is_protocol_list(notes.upgrade())) {
        out.head.upgrade = notes.upgrade();
    }
    out.hop_by_hop.clear();
    if (out.body == body_kind::chunked) out.hop_by_hop = notes.options().name_list();
    return {};
}

request_parser::request_parser(std::size_t max_head) : impl_(std::make_unique<impl>(max_head)) {}
request_parser::~request_parser() = default;
void request_parser::reset() { impl_->reset(); }

std::size_t request_parser::parse(std::string_view buffered, received_request& out, http_error& error) {
    error = {};
    auto head = buffered.substr(0, impl_->max_head);
    std::size_t skipped = 0;  // empty lines ahead of the request line are ignored (RFC 9112 section 2.2)
    while (skipped < 4 && head.substr(skipped, 2) == "\r\n") skipped += 2;
    head.remove_prefix(skipped);
    if (head.empty() || (head == "\r" && skipped < 4)) return 0;
    if (!grammar::is_token_char(head.front())) {
        error = {400, "what was sent does not start like a request"};
        return 0;
    }
    if (impl_->at_start()) {
        if (const auto size = impl_->read_whole(head, out); size > 0) return skipped + size;
    }
    const bool cut = buffered.size() >= impl_->max_head;
    if (!impl_->find_end(head, cut, check_request_line, max_request_line, error)) return 0;
    const auto& scanner = impl_->scanner;
    const auto line_size = scanner.start_line_size();
    auto& fields = out.head.fields;
    fields.clear();
    fields.reserve(scanner.fields() + 4, scanner.size() - line_size + 128);  // add_forwarded_fields adds some
    field_section lines(head.substr(line_size + 2, scanner.size() - line_size - 2));
    error = impl_->read(head.substr(0, line_size), lines, out);
    return error ? 0 : skipped + scanner.size();
}

struct response_parser::impl : head_state {
    // Folds are joined by a blank (RFC 9112 section 5.2): a browser would take them from the app, too.
    explicit impl(std::size_t limit) : head_state(limit, head_scanner::folding::accepted) {}
    /// As those of request_parser.
    std::size_t read_whole(std::string_view buffered, bool to_head, received_response& out);
    template <class Lines>
    http_error read(std::string_view received_line, Lines& lines, bool to_head, received_response& out);

    http_error read_status_line(std::string_view received, received_response& out);

    /// An app has few status lines and sends them again and again: what Beast read last.
    std::string last_line;
    unsigned last_status = 0;
    std::string last_reason;
};

std::size_t response_parser::impl::read_whole(std::string_view buffered, bool to_head, received_response& out) {
    whole_head head(buffered);
    const auto line = head.start_line();
    if (line.empty() || (line != last_line && check_status_line(line))) return 0;
    out.head.fields.clear();
    out.head.fields.reserve(usual_fields, usual_field_octets);
    return read(line, head, to_head, out) ? 0 : head.size();
}

http_error response_parser::impl::read_status_line(std::string_view received, received_response& out) {
    if (received == last_line) {
        out.head.status = last_status;
        out.head.reason = last_reason;
        return {};
    }
    start_line.clear();
    const bool later_version = received[7] > '1';
    const bool without_reason = received.size() == std::string_view{"HTTP/1.1 200"}.size();
    if (later_version || without_reason) {
        start_line = received;
        if (later_version) start_line[7] = '1';
        if (without_reason) start_line += ' ';
        start_line += "\r\n";
    }
    status_line_reader line;
    const std::string_view with_end(received.data(), received.size() + 2);
    if (const auto error = line.read(start_line.empty() ? with_end : start_line)) return error;
    out.head.status = line.status;
    out.head.reason = line.reason;
    if (received.size() <= limits::kept_status_line) {
        last_line = received;
        last_status = line.status;
        last_reason = line.reason;
    }
    return {};
}

template <class Lines>
http_error response_parser::impl::read(std::string_view received_line, Lines& lines, bool to_head,
                                       received_response& out) {
    if (const auto error = read_status_line(received_line, out)) return error;
    const char minor = received_line[7];
    const auto take = [&](const field& f) {
        add(out.head.fields, f, lines);
        return http_error{};
    };
    if (const auto error = read_fields(lines, notes, out.head.fields, take)) return error;
    const unsigned version = minor == '0' ? 0 : 1;
    if (const auto error = notes.check(version)) return error;

    const auto status = out.head.status;
    const bool stray = notes.has_transfer_encoding() || notes.content_length().value_or(0) > 0;
    out.keep_alive = notes.keep_alive(version);
    out.head.content_length = notes.content_length();
    out.head.upgrade.clear();
    if (status < 200 || status == 204) {
        out.body = body_kind::none;
        out.head.content_length.reset();
        if (stray) out.keep_alive = false;  // an app that announces a body here may well send it
    } else if (status == 205) {
        // No content, and no waiting for the end of the connection either: what follows is dropped with it.
        out.body = body_kind::none;
        if (!to_head && (stray || !notes.content_length())) out.keep_alive = false;
        out.head.content_length = 0;
    } else if (to_head || status == 304) {
        out.body = body_kind::none;
    } else if (notes.has_transfer_encoding() || notes.content_length()) {
        out.body = body_of(notes);
    } else {
        out.body = body_kind::until_close;
        out.keep_alive = false;
    }
    if (status == 101) {
        if (!grammar::is_protocol_list(notes.upgrade())) return {400, "a 101 without a valid Upgrade field"};
        out.head.upgrade = notes.upgrade();
    }
    if (status == 426 && grammar::is_protocol_list(notes.upgrade())) out.head.upgrade = notes.upgrade();
    out.hop_by_hop.clear();
    if (out.body == body_kind::chunked) out.hop_by_hop = notes.options().name_list();
    return {};
}

response_parser::response_parser(std::size_t max_head) : impl_(std::make_unique<impl>(max_head)) {}
response_parser::~response_parser() = default;
void response_parser::reset() { impl_->reset(); }

std::size_t response_parser::parse(std::string_view buffered, bool to_head, received_response& out, http_error& error) {
    error = {};
    const auto head = buffered.substr(0, impl_->max_head);
    if (head.empty()) return 0;
    constexpr std::string_view protocol_name = "HTTP/";
    if (!head.starts_with(protocol_name.substr(0, head.size()))) {
        error = {502, "what was sent does not start like an HTTP response"};
        return 0;
    }
    if (impl_->at_start()) {
        if (const auto size = impl_->read_whole(head, to_head, out); size > 0) return size;
    }
    const bool cut = buffered.size() >= impl_->max_head;
    std::size_t size = 0;
    if (impl_->find_end(head, cut, check_status_line, impl_->max_head, error)) {
        size = impl_->scanner.size();
        const auto line_size = impl_->scanner.start_line_size();
        out.head.fields.clear();
        out.head.fields.reserve(impl_->scanner.fields(), size - line_size);
        field_section lines(head.substr(line_size + 2, size - line_size - 2));
        error = impl_->read(head.substr(0, line_size), lines, to_head, out);
    }
    if (!error) return size;
    error.status = 502;  // who sent it is the local app, and the caller is not to blame
    return 0;
}

}  // namespace tunnel::http
