#include <fmt/format.h>

#include <array>

#include "base/latin1.hpp"
#include "webhook/body_coding.hpp"
#include "webhook/doctor.hpp"
#include "webhook/json_text.hpp"
#include "webhook/limits.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto found = std::min(text.find(from, at), text.size());
        result.append(text.substr(at, found - at));
        if (found < text.size()) result.append(to);
        at = found + from.size();
    }
    return result;
}

/// Code points of UTF-8 below 256, one byte each; null: it has others, or is not UTF-8.
std::optional<std::string> to_latin1(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c < 0x80) {
            bytes += text[at];
            continue;
        }
        if ((c != 0xc2 && c != 0xc3) || at + 1 == text.size()) return std::nullopt;
        const auto next = static_cast<unsigned char>(text[++at]);
        if ((next & 0xc0) != 0x80) return std::nullopt;
        bytes += static_cast<char>((c & 3) << 6 | (next & 0x3f));
    }
    return bytes;
}

/// Blanks of JSON.dumps in Python behind commas and colons, in place of none.
std::string spaced(std::string_view compact) {
    std::string text;
    bool in_string = false;
    for (std::size_t at = 0; at < compact.size(); ++at) {
        const char c = compact[at];
        text += c;
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\' && at + 1 < compact.size()) text += compact[++at];
        if (!in_string && (c == ',' || c == ':')) text += ' ';
    }
    return text;
}

/// Length of compact JSON once it is indented, with a blank behind each colon.
std::size_t indented_size(std::string_view compact, std::size_t indent) {
    std::size_t size = compact.size();
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < compact.size(); ++at) {
        const char c = compact[at];
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\') ++at;
        if (in_string) continue;
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') --depth;
        if (c == ':') size += 1;
        // A new line begins at each of these.
        if (c == '[' || c == '{' || c == ']' || c == '}' || c == ',') size += 1 + depth * indent;
    }
    return size;
}

std::optional<finding> try_body(const wrong_signature& s, std::string_view body, cause why, std::string_view how) {
    if (body == s.request.body) return std::nullopt;
    auto from = s.as_received();
    from.body = body;
    if (!s.is_right_for(from)) return std::nullopt;
    return finding{why, fmt::format("The signature is right for the body {}.", how)};
}

std::optional<finding> find_line_end(const wrong_signature& s) {
    constexpr std::string_view lost =
        "with a newline at its end, which what was delivered lacks: send the very bytes that are signed (curl: "
        "--data-binary in place of -d)";
    constexpr std::string_view added =
        "without the blanks or newline at its end: something behind the signer adds them, so sign and send the same "
        "bytes";
    constexpr std::string_view converted =
        "with other line ends (CRLF in place of LF, or LF in place of CRLF): something on the way converts them";
    const std::string body(s.request.body);
    const auto lines = replaced(body, "\r\n", "\n");
    const std::array<std::pair<std::string, std::string_view>, 7> variants{
        {{body + "\n", lost},
         {body + "\r\n", lost},
         {body.ends_with('\n') ? body.substr(0, body.size() - 1) : body, added},
         {std::string(without_blanks(body)), added},
         {lines, converted},
         {replaced(lines, "\n", "\r\n"), converted},
         // As curl -d reads a file.
         {replaced(replaced(body, "\r", ""), "\n", ""), added}}};
    for (const auto& [variant, how] : variants)
        if (auto found = try_body(s, variant, cause::body_line_end, how)) return found;
    return std::nullopt;
}

std::optional<finding> find_charset(const wrong_signature& s) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    const auto body = s.request.body;
    const auto latin1 = to_latin1(body);
    const std::array<std::pair<std::string, std::string_view>, 5> variants{
        {{latin1.value_or(std::string(body)),
          "in Latin-1: something decoded it and encoded it again as UTF-8, so pass its bytes on without decoding"},
         {latin1_to_utf8(body),
          "in UTF-8: something decoded it and encoded it again as Latin-1, so pass its bytes on without decoding"},
         {std::string(body.starts_with(mark) ? body.substr(mark.size()) : body),
          "without its byte order mark: something added the mark"},
         {std::string(mark).append(body), "with a byte order mark, which something took off"},
         {decode_form_value(body), "with its percent escapes decoded: sign the form as it is sent"}}};
    for (const auto& [variant, how] : variants)
        if (auto found = try_body(s, variant, cause::body_charset, how)) return found;
    return std::nullopt;
}

std::optional<finding> find_compressed(const wrong_signature& s) {
    const auto inside = decompressed(s.request.body, limits::parsed_body);
    if (!inside) return std::nullopt;
    return try_body(s, *inside, cause::body_coding,
                    "as it is once it is decompressed: the sender signs the body and compresses it then, so decompress "
                    "it first and verify what comes out");
}

std::optional<finding> find_decompressed(const wrong_signature& s) {
    for (const auto& variant : compressed(s.request.body)) {
        auto found = try_body(s, variant, cause::body_coding,
                              "compressed with gzip: something on the way decompressed it, so pass the bytes and "
                              "Content-Encoding on as they came");
        if (found) return found;
    }
    return std::nullopt;
}

template <class Json>
std::optional<finding> find_reserialised(const wrong_signature& s, const Json& value, std::string_view order) {
    const auto handler = Json::error_handler_t::replace;
    const auto compact = value.dump(-1, ' ', false, handler);
    const auto escaped = value.dump(-1, ' ', true, handler);
    const auto indented = [&](std::size_t by) {
        const bool fits = indented_size(compact, by) <= limits::rewritten_body;
        return fits ? value.dump(static_cast<int>(by), ' ', false, handler) : compact;
    };
    const std::array<std::pair<std::string, std::string_view>, 8> variants{
        {{compact, "without blanks, as JSON.stringify writes it"},
         {escaped, "without blanks and with \\u escapes"},
         {spaced(escaped), "with a blank behind each comma and colon, as json.dumps of Python writes it"},
         {spaced(compact), "with a blank behind each comma and colon"},
         {replaced(escaped, "/", "\\/"),
          "without blanks and with \\/ and \\u escapes, as json_encode of PHP writes it"},
         {replaced(compact, "/", "\\/"), "without blanks and with \\/"},
         {indented(2), "indented by 2"},
         {indented(4), "indented by 4"}}};
    for (const auto& [variant, how] : variants) {
        const auto phrase = fmt::format(
            "written {}{}: something parsed the JSON and wrote it again between signing and delivery, so sign and send "
            "the same bytes",
            how, order);
        if (auto found = try_body(s, variant, cause::body_reserialised, phrase)) return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<finding> find_body_fault(const wrong_signature& s) {
    const bool signs_body = signs(s.row(), "{body}") || signs(s.row(), "{form}");
    if (!signs_body || s.request.body.size() > limits::parsed_body) return std::nullopt;
    if (auto found = find_compressed(s)) return found;
    if (auto found = find_line_end(s)) return found;
    if (const auto value = parse_ordered_json(s.request.body))
        if (auto found = find_reserialised(s, *value, "")) return found;
    if (const auto value = parse_json(s.request.body))
        if (auto found = find_reserialised(s, *value, " with its members sorted")) return found;
    if (auto found = find_charset(s)) return found;
    return find_decompressed(s);
}

}  // namespace tunnel::webhook
