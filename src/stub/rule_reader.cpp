#include "stub/rule_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/field_rules.hpp"
#include "http/writable.hpp"
#include "inspector/request_filter.hpp"
#include "stub/limits.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::stub {

namespace {

constexpr unsigned lowest_status = 200;
constexpr unsigned highest_status = 599;
constexpr std::array bodies{"body", "json", "body_file"};

bool has_no_body(unsigned status) { return status == 204 || status == 304; }

bool is_field_name(const std::string& name) {
    http::field_list one;
    one.add(name, "");
    return !name.empty() && http::is_writable(one);
}

}  // namespace

void rule_reader::fail(std::string_view what) const { throw stub_error(fmt::format("rule {}: {}", number_, what)); }

nlohmann::ordered_json rule_reader::take(const char* name) {
    const auto found = left_.find(name);
    if (found == left_.end()) return nullptr;
    auto value = std::move(*found);
    left_.erase(found);
    if (value.is_null()) fail(fmt::format("\"{}\" is null; leave it out", name));
    return value;
}

std::string rule_reader::take_text(const char* name) {
    const auto value = take(name);
    if (value.is_null()) return {};
    if (!value.is_string()) fail(fmt::format("\"{}\" is a string, not {}", name, value.type_name()));
    return value.get<std::string>();
}

text_template rule_reader::as_template(const char* member, std::string_view text) const {
    auto made = text_template::parse(text);
    if (const auto* wrong = std::get_if<std::string>(&made)) fail(fmt::format("\"{}\": {}", member, *wrong));
    return std::get<text_template>(std::move(made));
}

void rule_reader::check_json(const json& value, std::size_t depth) const {
    if (depth > limits::json_depth) fail(fmt::format("\"json\" nests at most {} deep", limits::json_depth));
    if (value.is_string()) static_cast<void>(as_template("json", value.get_ref<const std::string&>()));
    if (!value.is_structured()) return;
    for (const auto& element : value) check_json(element, depth + 1);
}

rule rule_reader::read() {
    if (!left_.is_object()) fail(fmt::format("is an object, not {}", left_.type_name()));
    rule made;
    read_when(made);
    read_filter(made);
    read_challenge(made);
    const auto good = take("last_good");
    if (!good.is_null() && !good.is_boolean()) fail("\"last_good\" is true or false");
    made.last_good = good.is_boolean() && good.get<bool>();
    read_response(made);
    refuse_unknown();
    if (made.asks && (made.last_good || made.response))
        fail(
            "\"challenge\" stands without \"last_good\", \"status\", \"fields\" and a body: the response is the "
            "challenger's own");
    if (!made.asks && !made.last_good && !made.response)
        fail(
            "it says no response; write \"status\", \"body\", \"json\", \"body_file\", \"last_good\" or \"challenge\"");
    return made;
}

void rule_reader::read_when(rule& to) {
    const auto text = take_text("when");
    if (text.empty() || text == "absent") return;
    if (text != "always")
        fail(fmt::format("\"when\" is \"absent\" (nothing listens at the app's port) or \"always\", not \"{}\"", text));
    to.when = condition::always;
}

void rule_reader::read_filter(rule& to) {
    to.filter_text = take_text("if");
    auto filter = inspector::parse_request_filter(to.filter_text, from_.now);
    if (const auto* wrong = std::get_if<std::string>(&filter)) fail(fmt::format("\"if\": {}", *wrong));
    to.filter = std::get<inspector::query>(std::move(filter));
}

void rule_reader::read_challenge(rule& to) {
    const auto name = take_text("challenge");
    auto secret = take_text("secret");
    auto token = take_text("verify_token");
    if (!name.empty()) {
        const auto who = challenger_from(name);
        if (!who) fail(fmt::format("\"challenge\" is slack, zoom, dropbox, x or meta, not \"{}\"", name));
        to.asks = challenge{*who, secret, token};
    }
    const auto is_signed = to.asks && needs_secret(to.asks->who);
    const auto is_meta = to.asks && to.asks->who == challenger::meta;
    if (!secret.empty() && !is_signed)
        fail("\"secret\" names the line of --secrets for a challenge of zoom or x, and stands with these only");
    if (is_meta && token.empty())
        fail("a challenge of meta needs \"verify_token\": the text that was entered as Verify Token at Meta");
    if (!is_meta && !token.empty()) fail("\"verify_token\" stands with a challenge of meta only");
    if (is_signed) find_secret(*to.asks);
}

void rule_reader::find_secret(challenge& of) const {
    const auto provider = to_string(of.who);
    const auto fits = [&](const webhook::secret& each) {
        return each.provider == provider && (of.secret_name.empty() || each.name == of.secret_name);
    };
    const auto found = std::ranges::find_if(from_.secrets, fits);
    if (found == from_.secrets.end()) {
        const std::string name = of.secret_name.empty() ? std::string(provider) : of.secret_name;
        fail(
            fmt::format("the response to a challenge of {0} is made with its secret: put {1} = SECRET into the file "
                        "of --secrets",
                        provider, name));
    }
    of.key = found->value;
}

void rule_reader::read_response(rule& to) {
    const auto status = take("status");
    written_response made;
    if (!status.is_null()) {
        if (!status.is_number_unsigned() || status.get<std::uint64_t>() < lowest_status ||
            status.get<std::uint64_t>() > highest_status)
            fail(fmt::format("\"status\" is a number from {} to {}, not {}", lowest_status, highest_status,
                             status.dump()));
        made.status = status.get<unsigned>();
    }
    const auto given = std::ranges::count_if(bodies, [this](const char* name) { return left_.contains(name); });
    if (given > 1) fail("it has one of \"body\", \"json\" and \"body_file\"");
    if (given > 0 && has_no_body(made.status)) fail(fmt::format("a response of status {} has no body", made.status));
    const auto has_fields = left_.contains("fields");
    read_body(made);
    read_fields(made);
    if (!status.is_null() || given > 0 || has_fields) to.response = std::move(made);
}

void rule_reader::read_body(written_response& to) {
    if (left_.contains("body_file")) return read_body_file(to);
    auto value = take("json");
    if (!value.is_null()) {
        check_json(value, 1);
        to.body = std::move(value);
        to.fields.emplace_back("Content-Type", text_template::plain("application/json"));
        return;
    }
    if (!left_.contains("body")) return;
    to.body = as_template("body", take_text("body"));
    to.fields.emplace_back("Content-Type", text_template::plain("text/plain; charset=utf-8"));
}

void rule_reader::read_body_file(written_response& to) {
    const auto path = take_text("body_file");
    try {
        auto bytes = from_.read(path, std::min(limits::body_file, limits::body_files - body_bytes_));
        body_bytes_ += bytes.size();
        to.body = text_template::plain(std::move(bytes));
    } catch (const stub_error& error) {
        fail(fmt::format("\"body_file\": {}", error.what()));
    }
    to.fields.emplace_back("Content-Type", text_template::plain("application/octet-stream"));
}

void rule_reader::read_fields(written_response& to) {
    const auto given = take("fields");
    if (given.is_null()) return;
    if (!given.is_object()) fail("\"fields\" is an object such as {\"Content-Type\": \"text/html\"}");
    for (const auto& [name, value] : given.items()) {
        if (!is_field_name(name))
            fail(
                fmt::format("\"fields\": \"{}\" is not a field that can be set; Content-Length, Connection and "
                            "Transfer-Encoding are made from the body",
                            name));
        // What the rule says stands in place of what its kind of body implies.
        std::erase_if(to.fields, [&added = name](const auto& f) { return inspector::same_name(f.first, added); });
        if (!value.is_array()) {
            add_field(to, name, value);
            continue;
        }
        for (const auto& each : value) add_field(to, name, each);
    }
}

void rule_reader::add_field(written_response& to, const std::string& name, const json& value) const {
    if (!value.is_string()) fail(fmt::format("\"fields\": \"{}\" is a string or an array of strings", name));
    if (to.fields.size() == limits::fields) fail(fmt::format("there are more than {} fields", limits::fields));
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > limits::field_value)
        fail(fmt::format("\"fields\": \"{}\" has more than {} bytes", name, limits::field_value));
    to.fields.emplace_back(name, as_template("fields", text));
}

void rule_reader::refuse_unknown() const {
    if (left_.empty()) return;
    fail(
        fmt::format("\"{}\" is not a member of a rule; these are if, when, status, fields, body, json, body_file, "
                    "last_good, challenge, secret and verify_token",
                    left_.begin().key()));
}

}  // namespace tunnel::stub
