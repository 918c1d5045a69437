#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/field_rules.hpp"
#include "tunnel/http/field_list.hpp"

/// Fields that concern one connection only (RFC 9110 section 7.6.1).
namespace tunnel::http {

using http::connection_field;
using http::connection_field_from;
using http::is_connection_field;

/// Fields that must not come in a trailer section: the above, and those that would mislead an application which
/// merges trailers into the header (RFC 9110 section 6.5.1).
[[nodiscard]] bool is_forbidden_trailer(std::string_view name) noexcept;

/// The options of all Connection lines of one message. Lives in a parser, so that its memory is reused.
class connection_options {
 public:
    void clear() noexcept;
    bool add_usual(std::string_view value) noexcept;  ///< a line with nothing but what nearly all say; false: another
    void add(std::string_view value);                 ///< one Connection line
    void finish();                                    ///< all lines are in

    [[nodiscard]] bool close() const noexcept { return close_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    [[nodiscard]] bool upgrade() const noexcept { return upgrade_; }

    /// Whether other fields are named. Host never is: without it the request would reach another site.
    [[nodiscard]] bool names_fields() const noexcept { return !names_.empty(); }
    [[nodiscard]] bool names(std::string_view field_name) const noexcept;
    /// The names as a list, for body_decoder.
    [[nodiscard]] std::string name_list() const;

 private:
    std::string values_;
    std::vector<std::string_view> names_;  // into values_, sorted: a head can name 30,000 fields
    bool close_ = false;
    bool keep_alive_ = false;
    bool upgrade_ = false;
};

}  // namespace tunnel::http
