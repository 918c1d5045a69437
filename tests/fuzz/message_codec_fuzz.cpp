#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "http/writable.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"
#include "unlooked_at.hpp"

namespace {

using namespace tunnel;
using namespace tunnel::protocol;

std::error_code decode(message_decoder& decoder, std::string_view payload, char behind, message& out) {
    byte_buffer buffer(payload);
    buffer.append(std::string(64, behind));
    return decoder.decode(buffer.view().substr(0, payload.size()), out);
}

void append_raw(byte_buffer& out, const request& m) {
    append_request(out, m.id, m.head, m.body.view(), m.end, m.trailers, body_form::raw, m.from);
}
void append_raw(byte_buffer& out, const response& m) {
    append_response(out, m.id, m.head, m.body.view(), m.end, m.trailers, body_form::raw);
}
void append_raw(byte_buffer& out, const data& m) {
    append_data(out, m.id, m.body.view(), m.end, m.trailers, body_form::raw);
}
template <class Message>
void append_raw(byte_buffer&, const Message&) {
    std::abort();  // has no body
}

/// With a raw body behind the object: what is read as one comes back as one.
void check_raw(message_decoder& decoder, std::string_view payload) {
    message m;
    if (decoder.decode(payload, m, body_form::raw) || std::holds_alternative<unknown>(m)) return;
    byte_buffer bytes;
    std::visit([&bytes](const auto& value) { append_raw(bytes, value); }, m);
    std::error_code error;
    const frame_view frame = read_frame(bytes.view(), error, true);
    if (error && payload.size() < tunnel::limits::max_frame / 8) std::abort();
    message again;
    if (!error &&
        (decoder.decode(frame.payload, again, frame.raw_body ? body_form::raw : body_form::base64) || again != m))
        std::abort();
}

/// A list that the decoder takes for sound is.
void check_sound(const tunnel::http::field_list& fields) {
    if (fields.all_valid() && !http::is_writable(tunnel::fuzz::unlooked_at(fields)) &&
        fields.size() <= tunnel::limits::max_fields && fields.bytes() <= tunnel::limits::max_head)
        std::abort();
}
void check_sound(const message& m) {
    if (const auto* request = std::get_if<tunnel::protocol::request>(&m)) check_sound(request->head.fields);
    if (const auto* response = std::get_if<tunnel::protocol::response>(&m)) check_sound(response->head.fields);
    if (const auto* data = std::get_if<tunnel::protocol::data>(&m)) check_sound(data->trailers);
}

void append(byte_buffer&, const unknown&) {}
void append(byte_buffer& out, const request& m) {
    append_request(out, m.id, m.head, m.body.view(), m.end, m.trailers, body_form::base64, m.from);
}
void append(byte_buffer& out, const response& m) {
    append_response(out, m.id, m.head, m.body.view(), m.end, m.trailers);
}
void append(byte_buffer& out, const data& m) { append_data(out, m.id, m.body.view(), m.end, m.trailers); }
template <class Message>
void append(byte_buffer& out, const Message& m) {
    append_frame(out, m);
}

/// What nlohmann refuses only because it wants every number in range of a double.
bool is_number_overflow(std::string_view payload) {
    try {
        return nlohmann::json::parse(payload).is_discarded();
    } catch (const nlohmann::json::out_of_range&) {
        return true;
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > tunnel::limits::max_frame) return 0;
    static message_decoder decoder;
    const std::string_view payload(reinterpret_cast<const char*>(bytes), size);
    check_raw(decoder, payload);
    message m;
    const std::error_code error = decode(decoder, payload, ' ', m);
    const bool readable = !error || error == errc::bad_base64;

    // Whatever lies behind the payload, the answer is the same; only which of several faults is named may differ.
    for (const char behind : {'}', ']', ',', '"', '0'}) {
        message other;
        const std::error_code other_error = decode(decoder, payload, behind, other);
        if (readable ? other_error != error || other != m : !other_error) std::abort();
    }
    if (!readable) return 0;
    check_sound(m);
    if (!nlohmann::json::accept(payload) && !is_number_overflow(payload)) std::abort();
    if (std::holds_alternative<unknown>(m)) return 0;

    byte_buffer frame;
    std::visit([&frame](const auto& value) { append(frame, value); }, m);
    const std::string_view encoded = frame.view().substr(frame_prefix);
    if (!nlohmann::json::accept(encoded)) std::abort();
    message again;
    if (decode(decoder, encoded, '}', again) || again != m) std::abort();
    return 0;
}
