#include "http/field_rules.hpp"

#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

connection_field detail::connection_field_of_that_size(std::string_view name) noexcept {
    using enum connection_field;
    const auto either = [name](std::string_view other, connection_field f) { return iequals(name, other) ? f : none; };
    switch (name.size()) {
        case 2:
            return either("TE", te);
        case 7:
            return either("Upgrade", upgrade);
        case 10:
            return iequals(name, "Connection") ? connection : either("Keep-Alive", keep_alive);
        case 14:
            return iequals(name, "Content-Length") ? content_length : either("HTTP2-Settings", http2_settings);
        case 16:
            return either("Proxy-Connection", proxy_connection);
        case 17:
            return either("Transfer-Encoding", transfer_encoding);
        default:
            return none;
    }
}

}  // namespace tunnel::http
