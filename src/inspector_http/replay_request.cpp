#include "inspector_http/replay_request.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include "inspector/base64_text.hpp"
#include "inspector_http/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace {

using nlohmann::json;

constexpr std::size_t method_length = 64;
constexpr std::size_t target_length = 65'536;

api_error bad_edit(const std::string& message) { return {400, "bad_edit", message}; }

unsigned number(const json& from, const char* name, unsigned most, unsigned otherwise) {
    const auto found = from.find(name);
    if (found == from.end()) return otherwise;
    if (!found->is_number_integer() || found->get<double>() < 1 || found->get<double>() > most) {
        throw bad_request("\"" + std::string(name) + "\" is an integer from 1 to " + std::to_string(most) + ".");
    }
    return found->get<unsigned>();
}

bool flag(const json& from, const char* name) {
    const auto found = from.find(name);
    if (found == from.end()) return false;
    if (!found->is_boolean()) throw bad_request("\"" + std::string(name) + "\" is true or false.");
    return found->get<bool>();
}

/// One line of a head: CR and LF would begin another, and HTTP allows no NUL.
std::string line(const json& value, const char* what) {
    if (!value.is_string()) throw bad_edit("\"" + std::string(what) + "\" is text.");
    auto text = value.get<std::string>();
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        throw bad_edit("\"" + std::string(what) + "\" has a line break or NUL in it; remove it.");
    }
    return text;
}

std::string short_line(const json& value, const char* what, std::size_t most) {
    auto text = line(value, what);
    if (text.empty() || text.size() > most || text.find(' ') != std::string::npos) {
        throw bad_edit("\"" + std::string(what) + "\" is empty, too long, or has a blank in it.");
    }
    return text;
}

std::string bytes(const json& value, const char* what) {
    auto decoded = value.is_string() ? inspector::from_base64(value.get_ref<const std::string&>()) : std::nullopt;
    if (!decoded) throw bad_edit("\"" + std::string(what) + "\" is not base64.");
    return std::move(*decoded);
}

void require_list(const json& value, const char* what) {
    if (!value.is_array()) throw bad_edit("\"" + std::string(what) + "\" is a list.");
    if (value.size() > limits::edits) throw bad_edit("\"" + std::string(what) + "\" is too long.");
}

bool is_token(std::string_view name) noexcept {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return c > ' ' && c < 127 && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
    });
}

std::string field_name(const json& value, const char* what) {
    auto name = line(value, what);
    if (!is_token(name)) throw bad_edit("\"" + name + "\" is not the name of a field.");
    return name;
}

inspector::field_lines fields(const json& value, const char* what) {
    require_list(value, what);
    inspector::field_lines lines;
    for (const auto& pair : value) {
        if (!pair.is_array() || pair.size() != 2) {
            throw bad_edit("Each item of \"" + std::string(what) + "\" is a list of name and value.");
        }
        lines.emplace_back(field_name(pair[0], what), line(pair[1], what));
    }
    return lines;
}

std::vector<std::string> names(const json& value) {
    require_list(value, "unset");
    std::vector<std::string> all;
    for (const auto& name : value) all.push_back(field_name(name, "unset"));
    return all;
}

std::vector<json_edit> json_edits(const json& value) {
    require_list(value, "json");
    std::vector<json_edit> all;
    for (const auto& edit : value) {
        const auto pointer = edit.is_object() ? edit.find("pointer") : edit.end();
        if (!edit.is_object() || pointer == edit.end() || !pointer->is_string()) {
            throw bad_edit("Each item of \"json\" has a \"pointer\".");
        }
        json_edit one{pointer->get<std::string>(), std::nullopt};
        if (!one.pointer.empty() && one.pointer.front() != '/') throw bad_edit("A JSON pointer begins with a slash.");
        if (const auto text = edit.find("value"); text != edit.end()) {
            if (!text->is_string() || !json::accept(text->get_ref<const std::string&>())) {
                throw bad_edit("\"value\" of a JSON edit is JSON in a string, such as \"42\" or \"\\\"text\\\"\".");
            }
            one.value = text->get<std::string>();
        }
        all.push_back(std::move(one));
    }
    return all;
}

replay_edits parse_edits(const json& from) {
    if (!from.is_object()) throw bad_edit("\"edits\" is an object.");
    replay_edits edits;
    for (const auto& [name, value] : from.items()) {
        if (name == "raw_base64")
            edits.raw = bytes(value, "raw_base64");
        else if (name == "method")
            edits.method = short_line(value, "method", method_length);
        else if (name == "target")
            edits.target = short_line(value, "target", target_length);
        else if (name == "fields")
            edits.fields = fields(value, "fields");
        else if (name == "set")
            edits.set = fields(value, "set");
        else if (name == "unset")
            edits.unset = names(value);
        else if (name == "body_base64")
            edits.body = bytes(value, "body_base64");
        else if (name == "json")
            edits.json = json_edits(value);
        else if (name == "body_text" && value.is_string())
            edits.body = value.get<std::string>();
        else
            throw bad_edit("\"" + name + "\" is not an edit, or its value is not text.");
    }
    if (edits.method && !is_token(*edits.method)) throw bad_edit("\"" + *edits.method + "\" is not a method.");
    if (from.contains("body_text") && from.contains("body_base64")) {
        throw bad_edit("Give \"body_text\" or \"body_base64\", not both.");
    }
    return edits;
}

api_error target_refused(const std::string& message) { return {403, "target_refused", message}; }

/// A port, or an address of loopback with a port, in any of its spellings.
address parse_target(const json& value, std::uint16_t own_port) {
    if (!value.is_string()) throw bad_request("\"to\" is text, such as \"3001\" or \"127.0.0.1:3001\".");
    auto to = parse_address(value.get_ref<const std::string&>(), "127.0.0.1");
    if (!to || to->port == 0) throw bad_request("\"to\" is a port, or an address with a port.");
    if (iequals(to->host, "localhost")) to->host = "127.0.0.1";
    boost::system::error_code error;
    auto ip = boost::asio::ip::make_address(to->host, error);
    if (error) throw target_refused("Replays go to this machine only; give a port, or 127.0.0.1 with a port.");
    if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
        ip = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
    }
    if (!ip.is_loopback())
        throw target_refused("Replays go to this machine only; give a port, or 127.0.0.1 with a port.");
    if (to->port == own_port) throw target_refused("This is the inspector itself; give the port of the app.");
    to->host = ip.to_string();
    return std::move(*to);
}

}  // namespace

replay_options parse_replay(const json& body, std::uint16_t own_port) {
    replay_options options;
    options.times = number(body, "times", 1'000, 1);
    options.concurrency = number(body, "concurrency", 64, 1);
    options.timeout = std::chrono::milliseconds(number(body, "timeout_ms", 600'000, 30'000));
    options.exact = flag(body, "exact");
    options.allow_truncated = flag(body, "allow_truncated");
    options.resign = flag(body, "resign");
    if (const auto to = body.find("to"); to != body.end()) options.to = parse_target(*to, own_port);
    if (const auto edits = body.find("edits"); edits != body.end()) options.edits = parse_edits(*edits);
    return options;
}

api_error error_of(const replay_refusal& refusal) {
    switch (refusal.code) {
        case refusal_code::not_found:
            return {404, "not_found", refusal.message};
        case refusal_code::body_truncated:
            return {409, "body_truncated", refusal.message};
        case refusal_code::not_replayable:
            return {409, "not_replayable", refusal.message};
        case refusal_code::target_refused:
            return {403, "target_refused", refusal.message};
        case refusal_code::bad_edit:
            return {400, "bad_edit", refusal.message};
        case refusal_code::cannot_sign:
            return {409, "cannot_sign", refusal.message};
        case refusal_code::busy:
            break;
    }
    return {503, "busy", refusal.message};
}

}  // namespace tunnel::inspector_http
