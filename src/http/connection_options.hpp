#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::http {

/// The options of all Connection lines of one message (RFC 9110 section 7.6.1). Members that are not tokens are
/// ignored: `close;` and `"close"` are sent by real programs, and every common proxy accepts them. Lives in a parser,
/// so that its memory is reused.
class connection_options {
 public:
    void clear() noexcept;
    void add(std::string_view value);  ///< one Connection line
    void finish();                     ///< all lines have been added

    [[nodiscard]] bool close() const noexcept { return close_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    [[nodiscard]] bool upgrade() const noexcept { return upgrade_; }
    [[nodiscard]] bool malformed() const noexcept { return malformed_; }

    /// Whether other fields are named. Host never is: without it the request would reach another site.
    [[nodiscard]] bool names_fields() const noexcept { return !names_.empty(); }
    [[nodiscard]] bool names(std::string_view field_name) const noexcept;
    /// The names as a list, for body_decoder.
    [[nodiscard]] std::string name_list() const;

 private:
    std::string values_;
    struct named {
        std::uint64_t hash;
        std::string_view name;  // into values_
    };
    std::vector<named> names_;  // sorted by hash
    bool close_ = false;
    bool keep_alive_ = false;
    bool upgrade_ = false;
    bool malformed_ = false;
};

}  // namespace tunnel::http
