#include "http/parse_error.hpp"

#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

std::string size_text(std::size_t bytes) {
    if (bytes % limits::mib == 0) return std::to_string(bytes / limits::mib) + " MiB";
    if (bytes % limits::kib == 0) return std::to_string(bytes / limits::kib) + " KiB";
    return std::to_string(bytes) + " bytes";
}

}  // namespace

std::string parse_error::sentence() const {
    std::string text{detail};
    if (limit != 0) text.append(" (").append(size_text(limit)).append(")");
    return text;
}

}  // namespace tunnel::http
