#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "protocol/json_reader.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::protocol {

namespace {

using json::ok;

/// In the order of the variant `message`.
enum class kind : std::uint8_t { unknown, hello, request, response, data, window, cancel, fin, ping, pong, goaway };

static_assert(static_cast<std::size_t>(kind::goaway) + 1 == std::variant_size_v<message>);

kind kind_from(std::string_view name) noexcept {
    const auto either = [name](std::string_view known, kind k) { return name == known ? k : kind::unknown; };
    switch (name.size()) {
        case 3:
            return either("fin", kind::fin);
        case 4:
            if (name == "data") return kind::data;
            return name == "ping" ? kind::ping : either("pong", kind::pong);
        case 5:
            return either("hello", kind::hello);
        case 6:
            if (name == "window") return kind::window;
            return name == "cancel" ? kind::cancel : either("goaway", kind::goaway);
        case 7:
            return either("request", kind::request);
        case 8:
            return either("response", kind::response);
        default:
            return kind::unknown;
    }
}

enum class member : std::uint8_t {
    type,
    id,
    method,
    path,
    headers,
    content_length,
    body,
    end,
    upgrade,
    te,
    trailers,
    status,
    reason,
    protocol,
    agent,
    window,
    max_streams,
    takeover,
    instance,
    raw_bodies,
    bytes,
    nonce,
    detail,
    unknown,
};

member member_from(std::string_view key) noexcept {
    const auto either = [key](std::string_view name, member m) { return key == name ? m : member::unknown; };
    switch (key.size()) {
        case 2:
            return key == "id" ? member::id : either("te", member::te);
        case 3:
            return either("end", member::end);
        case 4:
            if (key == "type") return member::type;
            return key == "path" ? member::path : either("body", member::body);
        case 5:
            if (key == "nonce") return member::nonce;
            return key == "bytes" ? member::bytes : either("agent", member::agent);
        case 6:
            if (key == "method") return member::method;
            if (key == "status") return member::status;
            if (key == "reason") return member::reason;
            return key == "window" ? member::window : either("detail", member::detail);
        case 7:
            return key == "headers" ? member::headers : either("upgrade", member::upgrade);
        case 8:
            if (key == "trailers") return member::trailers;
            if (key == "protocol") return member::protocol;
            return key == "takeover" ? member::takeover : either("instance", member::instance);
        case 10:
            return either("raw_bodies", member::raw_bodies);
        case 11:
            return either("max_streams", member::max_streams);
        case 14:
            return either("content_length", member::content_length);
        default:
            return member::unknown;
    }
}

using member_set = std::uint32_t;

template <class... Members>
constexpr member_set set_of(Members... members) noexcept {
    return (member_set{0} | ... | (member_set{1} << static_cast<unsigned>(members)));
}

/// What a type needs and what it may have besides; any other member of it is unknown and ignored.
struct shape {
    member_set required;
    member_set optional = 0;
};

constexpr shape shape_of(kind k) noexcept {
    using enum member;
    switch (k) {
        case kind::hello:
            return {set_of(protocol, member::window, max_streams), set_of(agent, takeover, instance, raw_bodies)};
        case kind::request:
            return {set_of(id, method, path, end), set_of(headers, content_length, body, upgrade, te, trailers)};
        case kind::response:
            return {set_of(id, status, end), set_of(reason, headers, content_length, body, upgrade, trailers)};
        case kind::data:
            return {set_of(id, end), set_of(body, trailers)};
        case kind::window:
            return {set_of(id, bytes)};
        case kind::cancel:
            return {set_of(id, reason)};
        case kind::fin:
            return {set_of(id)};
        case kind::ping:
        case kind::pong:
            return {set_of(nonce)};
        case kind::goaway:
            return {set_of(reason), set_of(detail)};
        case kind::unknown:
            break;
    }
    return {0};
}

/// Nesting of the values of our members.
constexpr std::size_t inside_the_message = 1;

/// What was read of a message: numbers and the like here, the rest right in its place in the message. A member has a
/// place if the shape of the type has the member.
struct members {
    member_set seen = 0;
    std::uint64_t id = 0;
    std::uint64_t status = 0;
    std::uint64_t protocol = 0;
    std::uint64_t window = 0;
    std::uint64_t max_streams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t nonce = 0;
    std::uint64_t content_length = 0;
    bool end = false;
    bool takeover = false;
    bool raw_bodies = false;
    bool accepts_trailers = false;
    bool bad_body = false;
    cancel_reason cancelled = cancel_reason::other;
    goaway_reason going = goaway_reason::other;
    std::string* method = nullptr;
    std::string* target = nullptr;
    std::string* reason = nullptr;
    std::string* upgrade = nullptr;
    std::string* agent = nullptr;
    std::string* instance = nullptr;
    std::string* detail = nullptr;
    http::field_list* fields = nullptr;
    http::field_list* trailers = nullptr;
    byte_buffer* body = nullptr;

    [[nodiscard]] bool has(member m) const noexcept { return (seen & set_of(m)) != 0; }
};

errc check(kind k, const members& m) noexcept {
    member_set required = shape_of(k).required;
    // Another version's hello may lack what ours needs; it must still be readable enough to be refused by name.
    if (k == kind::hello && m.has(member::protocol) && m.protocol != version) required = set_of(member::protocol);
    if ((m.seen & required) != required) return errc::missing_member;
    if (m.has(member::id) && (m.id == 0 || m.id > limits::max_stream_id)) return errc::bad_member;
    if (m.has(member::status) && (m.status < 100 || m.status > 599)) return errc::bad_member;
    if (m.has(member::trailers) && !m.end) return errc::bad_member;
    return ok;
}

/// Makes `out` a message of the type, and finds the places of its members.
void begin(kind k, message& out, members& m) {
    switch (k) {
        case kind::hello: {
            auto& to = out.emplace<hello>();
            m.agent = &to.agent;
            m.instance = &to.instance;
            break;
        }
        case kind::request: {
            auto& to = out.emplace<request>();
            m.method = &to.head.method;
            m.target = &to.head.target;
            m.fields = &to.head.fields;
            m.upgrade = &to.head.upgrade;
            m.body = &to.body;
            m.trailers = &to.trailers;
            break;
        }
        case kind::response: {
            auto& to = out.emplace<response>();
            m.reason = &to.head.reason;
            m.fields = &to.head.fields;
            m.upgrade = &to.head.upgrade;
            m.body = &to.body;
            m.trailers = &to.trailers;
            break;
        }
        case kind::data: {
            auto& to = out.emplace<data>();
            m.body = &to.body;
            m.trailers = &to.trailers;
            break;
        }
        case kind::goaway: {
            auto& to = out.emplace<goaway>();
            m.detail = &to.detail;
            break;
        }
        case kind::window:
        case kind::cancel:
        case kind::fin:
        case kind::ping:
        case kind::pong:
        case kind::unknown:
            break;
    }
}

/// Puts in what has been read and checked.
void finish(kind k, const members& m, message& out) {
    std::optional<std::uint64_t> content_length;
    if (m.has(member::content_length)) content_length = m.content_length;
    switch (k) {
        case kind::hello: {
            constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
            auto& to = std::get<hello>(out);
            to.protocol = static_cast<std::uint32_t>(std::min(m.protocol, most));
            to.window = m.window;
            to.max_streams = m.max_streams;
            to.takeover = m.takeover;
            to.raw_bodies = m.raw_bodies;
            break;
        }
        case kind::request: {
            auto& to = std::get<request>(out);
            to.id = m.id;
            to.head.content_length = content_length;
            to.head.accepts_trailers = m.accepts_trailers;
            to.end = m.end;
            break;
        }
        case kind::response: {
            auto& to = std::get<response>(out);
            to.id = m.id;
            to.head.status = static_cast<unsigned>(m.status);
            to.head.content_length = content_length;
            to.end = m.end;
            break;
        }
        case kind::data: {
            auto& to = std::get<data>(out);
            to.id = m.id;
            to.end = m.end;
            break;
        }
        case kind::window:
            out = window{m.id, m.bytes};
            break;
        case kind::cancel:
            out = cancel{m.id, m.cancelled};
            break;
        case kind::fin:
            out = fin{m.id};
            break;
        case kind::ping:
            out = ping{m.nonce};
            break;
        case kind::pong:
            out = pong{m.nonce};
            break;
        case kind::goaway:
            std::get<goaway>(out).reason = m.going;
            break;
        case kind::unknown:
            out = unknown{};
            break;
    }
}

}  // namespace

struct message_decoder::impl {
    std::string scratch;
    std::string value_scratch;

    errc decode(std::string_view payload, message& out, body_form form);

 private:
    errc begin_object(json::reader& json, json::list& object, bool& has_type, kind& out);
    errc read(json::reader& json, member which, kind k, members& to);
    errc read_usual(json::reader& json, member_set known, kind k, members& to);
    errc read_text(json::reader& json, std::string& to);
    errc read_octets(json::reader& json, std::string& to);
    errc read_reason(json::reader& json, kind k, members& to);
    errc read_fields(json::reader& json, http::field_list& to) { return json.fields(scratch, value_scratch, to); }
};

/// The type decides which members are known, so it is looked for first. Where it is the first member, `json` stands
/// behind it then; else at the start of the object.
errc message_decoder::impl::begin_object(json::reader& json, json::list& object, bool& has_type, kind& out) {
    std::string_view name;
    if (json.take(R"({"type":)")) {
        object = json::list('}', true);
        has_type = true;
        const errc e = json.text(scratch, name);
        out = kind_from(name);
        return e;
    }
    if (const errc e = json.open_object(); e != ok) return errc::bad_json;
    json::reader ahead = json;
    json::list members = object;
    has_type = true;
    for (bool more = true;; has_type = false) {
        if (const errc e = ahead.next(members, more); e != ok) return e;
        if (!more) return ahead.at_end() ? errc::missing_member : errc::bad_json;
        std::string_view key;
        if (const errc e = ahead.key(scratch, key); e != ok) return e;
        if (key == "type") break;
        if (const errc e = ahead.skip(scratch, inside_the_message); e != ok) return e;
    }
    if (const errc e = ahead.text(scratch, name); e != ok) return e;
    out = kind_from(name);
    if (has_type) {
        json = ahead;
        object = members;
    }
    return ok;
}

errc message_decoder::impl::read_text(json::reader& json, std::string& to) {
    std::string_view view;
    if (const errc e = json.text(scratch, view); e != ok) return e;
    to = view;
    return ok;
}

errc message_decoder::impl::read_octets(json::reader& json, std::string& to) {
    std::string_view view;
    if (const errc e = json.octets(scratch, view); e != ok) return e;
    to = view;
    return ok;
}

errc message_decoder::impl::read_reason(json::reader& json, kind k, members& to) {
    if (k == kind::response) return read_octets(json, *to.reason);
    std::string_view name;
    if (const errc e = json.text(scratch, name); e != ok) return e;
    to.cancelled = cancel_reason_from(name);
    to.going = goaway_reason_from(name);
    return ok;
}

errc message_decoder::impl::read(json::reader& json, member which, kind k, members& to) {
    std::string_view view;
    switch (which) {
        case member::type:
            return json.text(scratch, view);
        case member::id:
            return json.number(to.id);
        case member::method:
            return read_octets(json, *to.method);
        case member::path:
            return read_octets(json, *to.target);
        case member::headers:
            return read_fields(json, *to.fields);
        case member::content_length:
            return json.number(to.content_length);
        case member::body: {
            const errc e = json.base64(scratch, *to.body);
            to.bad_body = e == errc::bad_base64;
            return to.bad_body ? ok : e;
        }
        case member::end:
            return json.boolean(to.end);
        case member::upgrade:
            return read_octets(json, *to.upgrade);
        case member::te: {
            const errc e = json.text(scratch, view);
            to.accepts_trailers = view == "trailers";
            return e;
        }
        case member::trailers:
            return read_fields(json, *to.trailers);
        case member::status:
            return json.number(to.status);
        case member::reason:
            return read_reason(json, k, to);
        case member::protocol:
            return json.number(to.protocol);
        case member::agent:
            return read_text(json, *to.agent);
        case member::window:
            return json.number(to.window);
        case member::max_streams:
            return json.number(to.max_streams);
        case member::takeover:
            return json.boolean(to.takeover);
        case member::instance:
            return read_text(json, *to.instance);
        case member::raw_bodies:
            return json.boolean(to.raw_bodies);
        case member::bytes:
            return json.number(to.bytes);
        case member::nonce:
            return json.number(to.nonce);
        case member::detail:
            return read_text(json, *to.detail);
        case member::unknown:
            break;
    }
    return json.skip(scratch, inside_the_message);
}

/// Members in the order in which our encoder writes them, as far as they come so: a key then is one comparison.
errc message_decoder::impl::read_usual(json::reader& json, member_set known, kind k, members& to) {
    errc e = ok;
    const auto next = [&](member which, const auto& text) {
        if (e != ok || (set_of(which) & known) == 0 || !json.take(text)) return;
        to.seen |= set_of(which);
        e = read(json, which, k, to);
    };
    next(member::id, R"(,"id":)");
    next(member::method, R"(,"method":)");
    next(member::path, R"(,"path":)");
    next(member::status, R"(,"status":)");
    next(member::reason, R"(,"reason":)");
    next(member::headers, R"(,"headers":)");
    next(member::content_length, R"(,"content_length":)");
    next(member::upgrade, R"(,"upgrade":)");
    next(member::te, R"(,"te":)");
    next(member::end, R"(,"end":)");
    next(member::trailers, R"(,"trailers":)");
    next(member::body, R"(,"body":)");
    return e;
}

errc message_decoder::impl::decode(std::string_view payload, message& out, body_form form) {
    json::reader json(payload);
    json::list object('}');
    kind k = kind::unknown;
    bool has_type = false;
    if (const errc e = begin_object(json, object, has_type, k); e != ok) return e;
    const shape allowed = shape_of(k);
    const member_set known = set_of(member::type) | allowed.required | allowed.optional;

    members found;
    if (has_type) found.seen = set_of(member::type);
    begin(k, out, found);
    if (has_type) {
        if (const errc e = read_usual(json, known, k, found); e != ok) return e;
    }
    for (bool more = true;;) {
        if (const errc e = json.next(object, more); e != ok) return e;
        if (!more) break;
        std::string_view key;
        if (const errc e = json.key(scratch, key); e != ok) return e;
        member which = member_from(key);
        if ((set_of(which) & known) == 0) which = member::unknown;
        if (which != member::unknown && found.has(which)) return errc::duplicate_member;
        found.seen |= set_of(which);
        if (const errc e = read(json, which, k, found); e != ok) return e;
    }
    if (form == body_form::raw) {
        // Only a message that may have a body, and has none already; a later version may know more of them.
        if (k != kind::unknown && (found.body == nullptr || found.has(member::body))) return errc::bad_member;
        if (found.body != nullptr) found.body->append(json.rest());
    } else if (!json.at_end()) {
        return errc::bad_json;
    }

    if (const errc e = check(k, found); e != ok) return e;
    finish(k, found, out);
    return found.bad_body ? errc::bad_base64 : ok;
}

message_decoder::message_decoder() : impl_(std::make_unique<impl>()) {}
message_decoder::message_decoder(message_decoder&&) noexcept = default;
message_decoder& message_decoder::operator=(message_decoder&&) noexcept = default;
message_decoder::~message_decoder() = default;

std::error_code message_decoder::decode(std::string_view payload, message& out, body_form form) {
    const errc e = impl_->decode(payload, out, form);
    return e == ok ? std::error_code() : make_error_code(e);
}

}  // namespace tunnel::protocol
