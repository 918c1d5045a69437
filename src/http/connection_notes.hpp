#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/hop_by_hop.hpp"
#include "http/message_head.hpp"

namespace tunnel::http {

/// What one head says about its connection and the end of its message, collected while its fields go by; none of
/// these fields stays in the head. Lives in a parser, so that its memory is reused.
class connection_notes {
 public:
    void clear() noexcept;
    /// One line; refused at once where its value alone is wrong.
    [[nodiscard]] http_error add(connection_field which, std::string_view value);
    void finish() { options_.finish(); }

    /// Framing that can be read two ways, or that we cannot read, is refused (RFC 9112 sections 6.1 and 6.3).
    [[nodiscard]] http_error check(unsigned minor) const noexcept;

    [[nodiscard]] const connection_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::optional<std::uint64_t>& content_length() const noexcept { return content_length_; }
    [[nodiscard]] bool has_transfer_encoding() const noexcept { return coding_ != coding::none; }
    [[nodiscard]] bool accepts_trailers() const noexcept { return accepts_trailers_; }
    [[nodiscard]] bool keep_alive(unsigned minor) const noexcept;
    /// All Upgrade lines but for h2c, which would take the connection out of HTTP/1 behind our back.
    [[nodiscard]] const std::string& upgrade() const noexcept { return upgrade_; }

 private:
    enum class coding : std::uint8_t { none, chunked, unknown, malformed };
    static coding classify(std::string_view value) noexcept;
    [[nodiscard]] http_error add_content_length(std::string_view value) noexcept;
    void add_transfer_encoding(std::string_view value) noexcept;
    void add_te(std::string_view value) noexcept;
    void add_upgrade(std::string_view value);

    connection_options options_;
    std::string upgrade_;
    std::optional<std::uint64_t> content_length_;
    coding coding_ = coding::none;
    bool accepts_trailers_ = false;
};

}  // namespace tunnel::http
