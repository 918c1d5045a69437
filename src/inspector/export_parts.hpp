#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspector/export.hpp"

/// What the export formats share. The records they get are redacted already unless secrets are included.
namespace tunnel::inspector {

[[nodiscard]] std::string export_curl(const record& r, const export_options& options);
[[nodiscard]] std::string export_httpie(const record& r, const export_options& options);
[[nodiscard]] std::string export_fetch(const record& r, const export_options& options);
[[nodiscard]] std::string export_http_file(const record& r, const export_options& options);
[[nodiscard]] std::string export_raw_request(const record& r);
[[nodiscard]] std::string export_raw_response(const record& r);
[[nodiscard]] std::string har_entry(const record& r);
[[nodiscard]] std::string ndjson_line(const record& r);

/// "https://host:port" of where a command sends the request, and that followed by the target.
[[nodiscard]] std::string base_of(const record& r, const export_options& options);
/// The fields that describe the message, not a connection: what a command sends besides Host.
[[nodiscard]] field_lines sendable_fields(const record& r);
/// The Host field where it differs from what the URL gives.
[[nodiscard]] const std::string* other_host(const record& r, std::string_view base);
/// What the reader must know before using the text: that it is cut, redacted, or lacks something.
[[nodiscard]] std::vector<std::string> notes_on(const record& r, const export_options& options);

/// One word of a POSIX shell command: `'...'`, or `$'...'` where bytes are not printable UTF-8. No NUL.
[[nodiscard]] std::string shell_word(std::string_view bytes);
/// Whether a body may stand in a command line as it is.
[[nodiscard]] bool fits_command_line(std::string_view body) noexcept;
/// Base64 in lines, for a here-document.
[[nodiscard]] std::string base64_lines(std::string_view bytes);

}  // namespace tunnel::inspector
