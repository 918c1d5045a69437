#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/connection_options.hpp"
#include "http/field_parser.hpp"
#include "http/field_rules.hpp"
#include "http/parse_error.hpp"
#include "tunnel/http/head.hpp"

namespace tunnel::http {

/// The fields of one head that concern its connection and the end of its message, collected while its lines are read;
/// none of them stays in the head. Lives in a parser, so that its memory is reused.
class connection_fields {
 public:
    explicit connection_fields(parse_mode mode) noexcept : mode_(mode) {}

    void clear() noexcept;
    /// One line, behind `ahead` lines that stay in the head. Refused at once if its value alone is wrong.
    [[nodiscard]] parse_error add(connection_field which, std::string_view value, std::size_t ahead);
    /// All lines have been added: removes from `fields` what Connection names.
    void finish(field_list& fields);

    /// Refuses framing that has two meanings or that is not implemented (RFC 9112 sections 6.1 and 6.3).
    [[nodiscard]] parse_error check(unsigned minor) const noexcept;
    /// Whether `check` accepted what it refuses in strict mode.
    [[nodiscard]] bool faulty(unsigned minor) const noexcept;

    [[nodiscard]] const connection_options& options() const noexcept { return options_; }
    /// Chunked counts if both are there.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept {
        return has_transfer_encoding() ? std::nullopt : content_length_;
    }
    /// As request_head::content_length_at has it, for a head of `fields` lines.
    [[nodiscard]] std::uint32_t content_length_at(std::size_t fields) const noexcept;
    [[nodiscard]] bool has_transfer_encoding() const noexcept { return coding_ != coding::none; }
    [[nodiscard]] bool declares_body() const noexcept {
        return has_transfer_encoding() || content_length_.value_or(0) > 0;
    }
    [[nodiscard]] bool accepts_trailers() const noexcept { return accepts_trailers_; }
    [[nodiscard]] bool keep_alive(unsigned minor) const noexcept;
    /// All Upgrade lines except for h2c, which would take the connection out of HTTP/1 without our knowledge.
    [[nodiscard]] const std::string& upgrade() const noexcept { return upgrade_; }

 private:
    enum class coding : std::uint8_t { none, chunked, unknown, malformed };
    static coding classify(std::string_view value) noexcept;
    [[nodiscard]] parse_error add_content_length(std::string_view value) noexcept;
    void add_transfer_encoding(std::string_view value) noexcept;
    void add_te(std::string_view value) noexcept;
    void add_upgrade(std::string_view value);

    connection_options options_;
    std::string upgrade_;
    std::optional<std::uint64_t> content_length_;
    std::size_t content_length_at_ = 0;
    parse_mode mode_;
    coding coding_ = coding::none;
    bool accepts_trailers_ = false;
};

}  // namespace tunnel::http
