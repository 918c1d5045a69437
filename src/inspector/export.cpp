#include "inspector/export.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "inspector/export_parts.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::array<std::pair<export_format, std::string_view>, 8> names{{
    {export_format::curl, "curl"},
    {export_format::httpie, "httpie"},
    {export_format::fetch, "fetch"},
    {export_format::http_file, "http"},
    {export_format::raw_request, "raw"},
    {export_format::raw_response, "raw-response"},
    {export_format::har, "har"},
    {export_format::ndjson, "ndjson"},
}};

std::string write(const record& r, export_format format, const export_options& options) {
    switch (format) {
        case export_format::curl:
            return export_curl(r, options);
        case export_format::httpie:
            return export_httpie(r, options);
        case export_format::fetch:
            return export_fetch(r, options);
        case export_format::http_file:
            return export_http_file(r, options);
        case export_format::raw_request:
            return export_raw_request(r);
        case export_format::raw_response:
            return export_raw_response(r);
        case export_format::har:
            return har_entry(r);
        case export_format::ndjson:
            return ndjson_line(r);
    }
    return {};
}

}  // namespace

std::optional<export_format> parse_export_format(std::string_view name) noexcept {
    const auto found = std::ranges::find_if(names, [&](const auto& row) { return same_name(row.second, name); });
    if (found == names.end()) return std::nullopt;
    return found->first;
}

std::string_view to_string(export_format format) noexcept {
    const auto found = std::ranges::find_if(names, [&](const auto& row) { return row.first == format; });
    return found == names.end() ? std::string_view{} : found->second;
}

std::string export_record(const record& r, export_format format, const export_options& options) {
    exporter all(format, options);
    auto text = all.begin();
    text += all.next(r);
    return text + all.end();
}

exporter::exporter(export_format format, export_options options) : format_(format), options_(std::move(options)) {}

std::string exporter::begin() const {
    if (format_ != export_format::har) return {};
    return R"({"log":{"version":"1.2","creator":{"name":"tunnel-client","version":"1"},"pages":[],"entries":[)"
           "\n";
}

std::string exporter::next(const record& r) {
    const bool first = std::exchange(first_, false);
    const std::string separator = first ? "" : format_ == export_format::har ? ",\n" : "";
    const bool spaced = !first && (format_ == export_format::curl || format_ == export_format::httpie ||
                                   format_ == export_format::fetch || format_ == export_format::http_file);
    return separator + (spaced ? "\n" : "") +
           (options_.include_secrets ? write(r, format_, options_) : write(redacted(r), format_, options_));
}

std::string exporter::end() const { return format_ == export_format::har ? "\n]}}\n" : ""; }

}  // namespace tunnel::inspector
