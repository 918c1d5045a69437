#include "inspector_http/response.hpp"

#include <nlohmann/json.hpp>

#include "inspector/page_files.hpp"

namespace tunnel::inspector_http {

api_error bad_request(const std::string& message) { return {400, "bad_request", message}; }
api_error not_found(const std::string& message) { return {404, "not_found", message}; }

response json_response(const nlohmann::ordered_json& value, unsigned status) {
    response r;
    r.status = status;
    r.content_type = "application/json";
    r.body = value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    return r;
}

response error_response(const api_error& error) {
    nlohmann::ordered_json what{{"code", error.code()}, {"message", error.what()}};
    if (error.position()) what["position"] = *error.position();
    auto r = json_response(nlohmann::ordered_json::object({{"error", std::move(what)}}), error.status());
    if (error.status() == 401) r.fields.emplace_back("WWW-Authenticate", "Bearer");
    return r;
}

response no_content() {
    response r;
    r.status = 204;
    return r;
}

response attachment(std::string bytes, std::string_view content_type, std::string_view file_name) {
    response r;
    r.content_type = content_type;
    r.body = std::move(bytes);
    r.attachment = true;
    r.fields.emplace_back("Content-Disposition", "attachment; filename=\"" + std::string(file_name) + "\"");
    return r;
}

std::vector<std::pair<std::string, std::string>> security_fields(const response& r) {
    std::vector<std::pair<std::string, std::string>> fields{
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", r.immutable ? "private, max-age=31536000, immutable" : "no-store"},
    };
    fields.emplace_back("Content-Security-Policy",
                        r.attachment ? "sandbox; default-src 'none'" : inspector::page_security_policy);
    return fields;
}

}  // namespace tunnel::inspector_http
