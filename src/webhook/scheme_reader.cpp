#include "webhook/scheme_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "webhook/json_text.hpp"
#include "webhook/limits.hpp"
#include "webhook/request_values.hpp"
#include "webhook/settings_error.hpp"

namespace tunnel::webhook {

namespace {

using nlohmann::json;

template <class Value>
using named = std::pair<std::string_view, Value>;

constexpr std::array algorithms{
    named<signature_algorithm>{"hmac-sha256", signature_algorithm::hmac_sha256},
    named<signature_algorithm>{"hmac-sha1", signature_algorithm::hmac_sha1},
    named<signature_algorithm>{"sha256", signature_algorithm::sha256},
    named<signature_algorithm>{"token", signature_algorithm::token},
    named<signature_algorithm>{"ed25519", signature_algorithm::ed25519},
    named<signature_algorithm>{"ecdsa-p256", signature_algorithm::ecdsa_p256},
};
constexpr std::array encodings{
    named<text_encoding>{"hex", text_encoding::hex},
    named<text_encoding>{"base64", text_encoding::base64},
    named<text_encoding>{"base64url", text_encoding::base64url},
    named<text_encoding>{"text", text_encoding::text},
};
constexpr std::array units{
    named<time_unit>{"seconds", time_unit::seconds},
    named<time_unit>{"milliseconds", time_unit::milliseconds},
};
constexpr std::array<std::string_view, 7> placeholders{"body", "timestamp", "id", "method", "url", "secret", "form"};

constexpr std::size_t max_tolerance = std::size_t{7} * 24 * 3600;

/// Reads the members of one row; what is not read in the end is unknown.
class row_reader {
 public:
    row_reader(const json& row, std::size_t number) : left_(row), number_(number) {
        if (!row.is_object()) fail("is not an object");
    }

    [[noreturn]] void fail(std::string_view what) const {
        throw settings_error(fmt::format("scheme {}: {}", number_, what));
    }

    bool take(const char* name, std::string& to) {
        return take_if(name, &json::is_string, "a string", [&](const json& value) { to = value.get<std::string>(); });
    }
    void take(const char* name, bool& to) {
        take_if(name, &json::is_boolean, "true or false", [&](const json& value) { to = value.get<bool>(); });
    }
    void take(const char* name, std::chrono::seconds& to) {
        take_if(name, &json::is_number_unsigned, "a number of seconds", [&](const json& value) {
            to = std::chrono::seconds(std::min<std::size_t>(value.get<std::size_t>(), max_tolerance));
        });
    }
    void take(const char* name, std::vector<std::string>& to) {
        take_if(name, &json::is_array, "a list of strings", [&](const json& value) {
            for (const auto& item : value) {
                if (!item.is_string()) fail(fmt::format("\"{}\" has to be a list of strings", name));
                to.push_back(item.get<std::string>());
            }
        });
    }
    template <class Value, std::size_t Size>
    void take(const char* name, Value& to, const std::array<named<Value>, Size>& values) {
        std::string text;
        if (!take(name, text)) return;
        const auto found = std::ranges::find(values, text, &named<Value>::first);
        if (found == values.end()) {
            std::string all;
            for (const auto& [known, value] : values) all.append(all.empty() ? "" : ", ").append(known);
            fail(fmt::format("\"{}\" has to be one of {}", name, all));
        }
        to = found->second;
    }
    void end() const {
        if (!left_.empty()) fail(fmt::format("unknown member \"{}\"", left_.begin().key()));
    }

 private:
    template <class Take>
    bool take_if(const char* name, bool (json::*is)() const noexcept, std::string_view kind, Take take) {
        const auto at = left_.find(name);
        if (at == left_.end()) return false;
        if (!((*at).*is)()) fail(fmt::format("\"{}\" has to be {}", name, kind));
        take(*at);
        left_.erase(at);
        return true;
    }

    json left_;
    std::size_t number_;
};

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= limits::shown_text && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

void check_message(const scheme& row, const row_reader& reader) {
    const std::string_view message = row.message;
    for (auto at = message.find('{'); at != std::string_view::npos; at = message.find('{', at + 1)) {
        const auto close = message.find('}', at);
        const auto name = message.substr(at + 1, std::min(close, message.size()) - at - 1);
        if (close == std::string_view::npos || std::ranges::find(placeholders, name) == placeholders.end())
            reader.fail(
                "\"message\" may have {body}, {timestamp}, {id}, {method}, {url}, {secret} and {form} in braces, and "
                "nothing else");
        if (name == "timestamp" && row.timestamp.empty())
            reader.fail("\"message\" has {timestamp}: say in \"timestamp\" where it stands");
        if (name == "id" && row.id.empty()) reader.fail("\"message\" has {id}: say in \"id\" where it stands");
    }
}

void check_places(const scheme& row, const row_reader& reader) {
    for (const auto* const places :
         {&row.signature, &row.timestamp, &row.id, &row.event, &row.delivery, &row.attempt}) {
        for_each_part(*places, "|", [&](std::string_view place) {
            constexpr std::string_view in_body = "body:";
            if (place.starts_with(in_body) && !place.substr(in_body.size()).starts_with('/'))
                reader.fail("a place in the body has to be a JSON pointer, as in body:/data/id");
        });
    }
}

/// What rows of one provider have in common is written in its first one.
void inherit(scheme& row, const scheme& first) {
    for (const auto member :
         {&scheme::title, &scheme::event, &scheme::delivery, &scheme::attempt, &scheme::secret_place})
        if ((row.*member).empty()) row.*member = first.*member;
    if (row.also.empty()) row.also = first.also;
}

scheme read_row(const json& from, std::size_t number, const std::vector<scheme>& before) {
    row_reader reader(from, number);
    scheme row;
    reader.take("provider", row.provider);
    if (!reader.take("name", row.name)) row.name = row.provider;
    for (const auto& [name, member] : {std::pair{"title", &scheme::title},
                                       {"signature", &scheme::signature},
                                       {"separator", &scheme::separator},
                                       {"prefix", &scheme::prefix},
                                       {"message", &scheme::message},
                                       {"key_prefix", &scheme::key_prefix},
                                       {"timestamp", &scheme::timestamp},
                                       {"id", &scheme::id},
                                       {"body_hash", &scheme::body_hash},
                                       {"event", &scheme::event},
                                       {"delivery", &scheme::delivery},
                                       {"attempt", &scheme::attempt},
                                       {"secret_place", &scheme::secret_place}})
        reader.take(name, row.*member);
    for (const auto& [name, member] :
         {std::pair{"when", &scheme::when}, {"marks", &scheme::marks}, {"also", &scheme::also}})
        reader.take(name, row.*member);
    reader.take("algorithm", row.algorithm, algorithms);
    reader.take("encoding", row.encoding, encodings);
    reader.take("key_encoding", row.key_encoding, encodings);
    reader.take("unit", row.unit, units);
    reader.take("tolerance", row.tolerance);
    reader.take("refuses_future", row.refuses_future);
    reader.take("default_port", row.default_port);
    reader.end();
    if (!is_name(row.provider) || !is_name(row.name))
        reader.fail("\"provider\" and \"name\" have to be lower-case letters, digits and hyphens");
    if (row.signature.empty()) reader.fail("\"signature\" has to say where the signature stands");
    if (row.separator.size() > 1 && row.separator.substr(1) != " ")
        reader.fail("\"separator\" has to be one character, with a blank behind it where the provider writes one");
    check_message(row, reader);
    check_places(row, reader);
    const auto first = std::ranges::find(before, row.provider, &scheme::provider);
    if (first != before.end()) inherit(row, *first);
    if (row.title.empty()) row.title = row.provider;
    return row;
}

}  // namespace

void read_schemes(std::string_view text, std::vector<scheme>& rows) {
    const auto parsed = text.size() <= limits::settings_file ? parse_json(text) : std::nullopt;
    if (!parsed || !parsed->is_array())
        throw settings_error("the schemes are not a JSON array of objects, as docs/webhooks.md shows it");
    if (parsed->size() > limits::own_schemes)
        throw settings_error(fmt::format("there are more than {} schemes", limits::own_schemes));
    std::size_t number = 0;
    for (const auto& row : *parsed) rows.push_back(read_row(row, ++number, rows));
}

}  // namespace tunnel::webhook
