#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/record.hpp"

namespace tunnel::inspector {

enum class export_format : std::uint8_t { curl, httpie, fetch, http_file, raw_request, raw_response, har, ndjson };

/// "curl", "httpie", "fetch", "http", "raw", "raw-response", "har", "ndjson".
[[nodiscard]] std::optional<export_format> parse_export_format(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(export_format format) noexcept;

struct export_options {
    /// Authorization, Cookie, Set-Cookie, Proxy-Authorization, X-Api-Key and names with "token" or "secret" in them.
    bool include_secrets = false;
    /// "http://127.0.0.1:3000" sends commands there instead of to the public URL.
    std::string base_url;
};

/// One record. All formats but the raw ones are UTF-8; commands are for bash and other POSIX shells with `$'...'`.
[[nodiscard]] std::string export_record(const record& r, export_format format, const export_options& options);

/// Several records as one document: HAR as one log, NDJSON a line each, the rest one after the other. Each call gives
/// the next part of the text, so that a history need not be held in memory.
class exporter {
 public:
    exporter(export_format format, export_options options);
    [[nodiscard]] std::string begin() const;
    [[nodiscard]] std::string next(const record& r);
    [[nodiscard]] std::string end() const;

 private:
    export_format format_;
    export_options options_;
    bool first_ = true;
};

/// A copy in which the values of secret fields are "REDACTED", in field lists and raw heads alike.
[[nodiscard]] record redacted(record r);
[[nodiscard]] bool is_secret_field(std::string_view name) noexcept;

struct import_result {
    std::size_t records = 0;
    std::string error;  ///< names the place (line, or entry of the HAR log) and what is wrong; empty where all was read
};

/// Reads HAR 1.2 or NDJSON, whichever it is. Records before an error were delivered. Ids stand as exported, 0 where the
/// file has none; history::import resolves clashes.
[[nodiscard]] import_result import_records(std::string_view text, const std::function<void(record)>& take);

}  // namespace tunnel::inspector
