#include <algorithm>
#include <array>
#include <string>

#include "inspector/body_view.hpp"
#include "inspector/export_parts.hpp"

namespace tunnel::inspector {

namespace {

std::string comment_lines(const std::vector<std::string>& notes) {
    std::string text;
    for (const auto& note : notes) text += "# " + note + "\n";
    return text;
}

/// Targets that curl and HTTPie send as they stand in a URL.
bool is_plain_target(std::string_view target) {
    constexpr std::string_view safe =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/?";
    return target.starts_with('/') && target.find_first_not_of(safe) == std::string_view::npos;
}

/// The command with its body from a here-document.
std::string with_standard_input(const std::string& command, std::string_view body) {
    return "base64 --decode <<'EOF' | " + command + "\n" + base64_lines(body) + "EOF\n";
}

void add_word(std::string& command, const std::string& word) { command += " \\\n  " + word; }

/// Methods that curl chooses by itself.
std::string curl_method(const record& r, bool has_data) {
    const auto& method = r.request.method;
    if (method == (has_data ? "POST" : "GET")) return {};
    if (method == "HEAD" && !has_data) return " --head";
    return " -X " + shell_word(method);
}

/// Fields that curl adds by default.
std::vector<std::string_view> curl_defaults(bool has_data) {
    if (has_data) return {"User-Agent", "Accept", "Content-Type", "Expect"};
    return {"User-Agent", "Accept"};
}

/// What HTTPie takes for something else than a header: `:=` is JSON, `:@` a file, and a backslash escapes.
std::string httpie_item(const std::string& name, const std::string& value) {
    if (value.empty()) return name + ";";
    const bool escaped = value[0] == '=' || value[0] == '@' || value[0] == ':';
    return name + ":" + (escaped ? "\\" : "") + value;
}

/// HTTPie has no way to write a backslash before one of its own separators, nor bytes that are not UTF-8.
bool httpie_can_send(const std::string& value) {
    if (!is_utf8(value)) return false;
    for (std::size_t i = 0; i + 1 < value.size(); ++i) {
        if (value[i] == '\\' && std::string_view{":;=@"}.find(value[i + 1]) != std::string_view::npos) return false;
    }
    return true;
}

/// HTTPie takes a word that is not of letters for the URL.
bool httpie_can_send_start(const request_copy& request) {
    return request.target.starts_with('/') && !request.method.empty() &&
           std::ranges::all_of(request.method, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

std::string export_curl(const record& r, const export_options& options) {
    const auto base = base_of(r, options);
    const auto& target = r.request.target;
    const auto& body = r.request.body.bytes;
    const auto fields = sendable_fields(r);
    const auto* length = find_field(r.request.fields, "Content-Length");
    const bool has_data = !body.empty() || (length && *length == "0");
    const bool inline_body = fits_command_line(body);

    std::string command = "curl --globoff --http1.1" + curl_method(r, has_data);
    const bool plain = is_plain_target(target);
    if (plain && target.find("/.") != std::string::npos) command += " --path-as-is";
    add_word(command, shell_word(base + (plain ? target : "/")));
    if (!plain) add_word(command, "--request-target " + shell_word(target));
    if (const auto* host = other_host(r, base)) add_word(command, "-H " + shell_word("Host: " + *host));
    for (const auto& [name, value] : fields) {
        auto line = name;
        line.append(value.empty() ? ";" : ": ").append(value);
        add_word(command, "-H " + shell_word(line));
    }
    for (const auto name : curl_defaults(has_data)) {
        if (!find_field(fields, name)) add_word(command, "-H '" + std::string{name} + ":'");
    }
    const auto notes = comment_lines(notes_on(r, options));
    if (!has_data) return notes + command + "\n";
    if (inline_body) return notes + command + " \\\n  --data-raw " + shell_word(body) + "\n";
    return notes + with_standard_input(command + " \\\n  --data-binary @-", body);
}

std::string export_httpie(const record& r, const export_options& options) {
    const auto base = base_of(r, options);
    const auto& body = r.request.body.bytes;
    const auto fields = sendable_fields(r);
    const bool inline_body = fits_command_line(body);
    auto notes = notes_on(r, options);
    if (!httpie_can_send_start(r.request)) {
        notes.emplace_back("HTTPie cannot send this method or target; curl can.");
        return comment_lines(notes);
    }

    std::string command = "http --path-as-is";
    if (inline_body) command += " --ignore-stdin";
    command += " " + shell_word(r.request.method) + " " + shell_word(base + r.request.target);
    for (const std::string_view name : {"User-Agent", "Accept-Encoding"}) {
        if (!find_field(fields, name)) notes.push_back("HTTPie adds its own " + std::string{name} + ".");
    }
    if (!is_plain_target(r.request.target))
        notes.emplace_back("HTTPie may write this target differently; curl does not.");
    if (const auto* host = other_host(r, base)) add_word(command, shell_word("Host:" + *host));
    for (const auto& [name, value] : fields) {
        if (httpie_can_send(value) && !name.starts_with('-')) {
            add_word(command, shell_word(httpie_item(name, value)));
        } else {
            notes.push_back("HTTPie cannot send the field " + name + "; curl can.");
        }
    }
    // HTTPie's own fields, where the request had none of that name.
    for (const std::string_view name : {"User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Type"}) {
        const bool needed = name != "Content-Type" || !body.empty();
        if (needed && !find_field(fields, name)) add_word(command, std::string{name} + ":");
    }
    const auto comments = comment_lines(notes);
    if (body.empty()) return comments + command + "\n";
    if (inline_body) return comments + command + " \\\n  --raw=" + shell_word(body) + "\n";
    return comments + with_standard_input(command, body);
}

}  // namespace tunnel::inspector
