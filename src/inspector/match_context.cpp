#include "inspector/match_context.hpp"

#include "inspector/body_view.hpp"
#include "inspector/json_text.hpp"

namespace tunnel::inspector {

std::string_view match_context::text_of(body& b, const body_copy& copy, const field_lines& fields) {
    if (b.text) return *b.text;
    if (find_field(fields, "Content-Encoding")) {
        b.decoded = decode_body(copy, fields).bytes;
        b.text = *b.decoded;
    } else {
        b.text = copy.bytes;
    }
    return *b.text;
}

const nlohmann::json* match_context::json_of(body& b, std::string_view text) {
    if (!b.parsed) b.parsed = parse_exact(text);
    return *b.parsed ? &**b.parsed : nullptr;
}

}  // namespace tunnel::inspector
