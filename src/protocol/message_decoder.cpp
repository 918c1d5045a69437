#include <algorithm>
#include <bit>
#include <limits>
#include <new>
#include <utility>

#include "http/trailer_rules.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/message_members.hpp"
#include "protocol/message_shape.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::protocol {

namespace {

using json::ok;
using namespace shapes;

/// Nesting of the values of our members.
constexpr std::size_t inside_the_message = 1;

/// A text for people is cut, at the start of a character.
void cut(std::string* text, std::size_t longest) {
    if (text == nullptr || text->size() <= longest) return;
    while (longest > 0 && (static_cast<unsigned char>((*text)[longest]) & 0xC0U) == 0x80U) --longest;
    text->resize(longest);
}

}  // namespace

struct message_decoder::impl {
    std::string scratch;
    std::string value_scratch;
    member at_fault = member::unknown;
    errc broken = ok;

    errc decode(std::string_view payload, message& out, body_form form);

 private:
    errc begin_object(json::reader& json, json::list& object, bool& has_type, kind& out);
    [[gnu::always_inline]] inline errc read(json::reader& json, member which, kind k, members& to);
    errc read_of_link(json::reader& json, member which, members& to);
    errc read_usual(json::reader& json, member_set known, kind k, members& to);
    errc read_text(json::reader& json, std::string& to);
    errc read_bytes(json::reader& json, std::string& to);
    errc read_versions(json::reader& json, std::vector<std::uint64_t>& to);
    errc read_compress(json::reader& json, members& to);
    errc read_other_version(json::reader json, json::list object, message& out, bool& found);
    errc check(kind k, const members& m);
    errc blame(member which, errc why) noexcept {
        at_fault = which;
        return why;
    }
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

errc message_decoder::impl::read_bytes(json::reader& json, std::string& to) {
    std::string_view view;
    if (const errc e = json.bytes(scratch, view); e != ok) return e;
    to = view;
    return ok;
}

errc message_decoder::impl::read_versions(json::reader& json, std::vector<std::uint64_t>& to) {
    if (const errc e = json.open_array(); e != ok) return e;
    json::list list(']');
    for (bool more = true;;) {
        if (const errc e = json.next(list, more); e != ok) return e;
        if (!more) return to.empty() ? errc::bad_member : ok;
        if (to.size() == limits::max_versions) return errc::bad_member;
        if (const errc e = json.number(to.emplace_back()); e != ok) return e;
    }
}

errc message_decoder::impl::read_compress(json::reader& json, members& to) {
    if (json.at_string()) return read_text(json, *to.compress);
    if (const errc e = json.open_array(); e != ok) return e;
    json::list list(']');
    for (bool more = true;;) {
        if (const errc e = json.next(list, more); e != ok || !more) return e;
        if (const errc e = read_text(json, to.compress_offer->emplace_back()); e != ok) return e;
    }
}

/// `protocol` comes before all else: the rest of another version's hello may be of any type. It must still be JSON.
errc message_decoder::impl::read_other_version(json::reader json, json::list object, message& out, bool& found) {
    std::uint64_t number = version;
    for (bool more = true;;) {
        if (const errc e = json.next(object, more); e != ok) return e;
        if (!more) break;
        std::string_view key;
        if (const errc e = json.key(scratch, key); e != ok) return e;
        if (key != "protocol" || found) {
            if (const errc e = json.skip(scratch, inside_the_message); e != ok) return e;
            continue;
        }
        if (const errc e = json.number(number); e != ok) return blame(member::protocol, e);
        if (number == version) return ok;
        found = true;
    }
    if (!found) return ok;
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    hello other;
    other.protocol = static_cast<std::uint32_t>(std::min(number, most));
    out = std::move(other);
    return json.at_end() ? ok : errc::bad_json;
}

errc message_decoder::impl::check(kind k, const members& m) {
    const member_set missing = shape_of(k).required & ~m.seen;
    if (missing != 0) return blame(static_cast<member>(std::countr_zero(missing)), errc::missing_member);
    if (m.has(member::id) && (m.id == 0 || m.id > limits::max_stream_id)) return blame(member::id, errc::bad_member);
    if (m.has(member::status) && (m.status < 100 || m.status > 999)) return blame(member::status, errc::bad_member);
    if (m.has(member::connection) && m.connection == 0) return blame(member::connection, errc::bad_member);
    if (m.has(member::trailers) && !m.end) return blame(member::trailers, errc::bad_member);
    cut(m.agent, limits::max_name);
    cut(m.caller, limits::max_name);
    cut(m.detail, limits::max_text);
    cut(m.public_url, limits::max_text);
    // From here on, the stream is at fault.
    if (m.body_fault != ok) return blame(member::body, m.body_fault);
    const auto too_long = [](const auto* value, member which) {
        return value != nullptr && value->size() > member_rules[static_cast<std::size_t>(which)].longest;
    };
    if (too_long(m.method, member::method)) return blame(member::method, errc::too_long);
    if (too_long(m.target, member::path)) return blame(member::path, errc::too_long);
    if (too_long(m.upgrade, member::upgrade)) return blame(member::upgrade, errc::too_long);
    if (too_long(m.reason, member::reason)) return blame(member::reason, errc::too_long);
    const auto too_large = [](const http::field_list* list, std::size_t bytes) {
        return list != nullptr && (list->size() > limits::max_fields + limits::added_fields || list->bytes() > bytes);
    };
    if (too_large(m.fields, limits::largest_head)) return blame(member::headers, errc::too_long);
    if (too_large(m.trailers, limits::max_trailers)) return blame(member::trailers, errc::too_long);
    return ok;
}

errc message_decoder::impl::read_reason(json::reader& json, kind k, members& to) {
    if (k == kind::response) return read_bytes(json, *to.reason);
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
            return read_bytes(json, *to.method);
        case member::path:
            return read_bytes(json, *to.target);
        case member::headers:
            return read_fields(json, *to.fields);
        case member::content_length:
            return json.number(to.content_length);
        case member::content_length_at:
            return json.number(to.content_length_at);
        case member::body: {
            const errc e = json.base64(scratch, *to.body);
            if (e == errc::bad_base64) to.body_fault = e;
            return e == errc::bad_base64 ? ok : e;
        }
        case member::end:
            return json.boolean(to.end);
        case member::upgrade:
            return read_bytes(json, *to.upgrade);
        case member::te: {
            const errc e = json.text(scratch, view);
            to.accepts_trailers = view == "trailers";
            return e;
        }
        case member::trailers: {
            const errc e = read_fields(json, *to.trailers);
            to.trailers->remove_if([](const http::field& f) { return http::is_forbidden_trailer(f.name); });
            return e;
        }
        case member::status:
            return json.number(to.status);
        case member::reason:
            return read_reason(json, k, to);
        case member::connection:
            return json.number(to.connection);
        case member::caller:
            return read_text(json, *to.caller);
        default:
            return read_of_link(json, which, to);
    }
}

/// The members of messages that are not part of a request or a response.
errc message_decoder::impl::read_of_link(json::reader& json, member which, members& to) {
    switch (which) {
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
        case member::versions:
            return read_versions(json, *to.versions);
        case member::probe:
            return json.boolean(to.probe);
        case member::public_url:
            return read_text(json, *to.public_url);
        case member::time:
            return json.number(to.time);
        case member::compress:
            return read_compress(json, to);
        case member::bytes:
            return json.number(to.bytes);
        case member::nonce:
            return json.number(to.nonce);
        case member::detail:
            return read_text(json, *to.detail);
        default:
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
        if (e != ok) at_fault = which;
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
    next(member::connection, R"(,"connection":)");
    next(member::caller, R"(,"caller":)");
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
    at_fault = member::type;
    if (const errc e = begin_object(json, object, has_type, k); e != ok) return e;
    at_fault = member::unknown;
    if (k == kind::hello) {
        bool found_other = false;
        const errc e = read_other_version(json, object, out, found_other);
        if (e == ok && found_other && form == body_form::raw) return blame(member::body, errc::bad_member);
        if (e != ok || found_other) return e;
    }
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
        if (which != member::unknown && found.has(which)) return blame(which, errc::duplicate_member);
        found.seen |= set_of(which);
        if (const errc e = read(json, which, k, found); e != ok) return blame(which, e);
    }
    if (form == body_form::raw) {
        // Only a message that may have a body, and has none already; a later version may know more of them.
        if (k != kind::unknown && (found.body == nullptr || found.has(member::body)))
            return blame(member::body, errc::bad_member);
        if (found.body != nullptr) found.body->append(json.rest());
    } else if (!json.at_end()) {
        return errc::bad_json;
    }

    const errc e = check(k, found);
    if (e == ok || is_stream_error(make_error_code(e))) finish(k, found, out);
    return e;
}

message_decoder::message_decoder() : impl_(std::make_unique<impl>()) {}
message_decoder::message_decoder(message_decoder&&) noexcept = default;
message_decoder& message_decoder::operator=(message_decoder&&) noexcept = default;
message_decoder::~message_decoder() = default;

std::error_code message_decoder::decode(std::string_view payload, message& out, body_form form) {
    impl_->broken = impl_->decode(payload, out, form);
    const errc e = impl_->broken;
    return e == ok ? std::error_code() : make_error_code(e);
}

std::string message_decoder::fault() const {
    const auto which = static_cast<std::size_t>(impl_->at_fault);
    if (impl_->broken == ok || which >= member_rules.size()) return {};
    const auto& [name, rule, longest] = member_rules[which];
    std::string text = "`" + std::string(name) + "` ";
    switch (impl_->broken) {
        case errc::missing_member:
            return text + "is missing";
        case errc::duplicate_member:
            return text + "stands twice";
        case errc::bad_byte_string:
            return text + "holds a character above U+00FF";
        case errc::bad_base64:
            return text + "is not valid base64";
        case errc::too_long:
            return text + "is longer than " + std::to_string(longest) + " bytes, or has too many fields";
        case errc::bad_member:
            return text.append(rule);
        default:
            return {};
    }
}

}  // namespace tunnel::protocol
