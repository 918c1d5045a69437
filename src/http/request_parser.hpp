#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/head_reader.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"

namespace tunnel::http {

/// Reads request heads from clients on the internet: strict, so that nothing can be read two ways (RFC 9112). A request
/// that can never be served is refused as soon as that is known. No I/O.
class request_parser {
 public:
    /// A head takes at most `max_head` bytes.
    explicit request_parser(std::size_t max_head) noexcept : reader_(parse_mode::strict, max_head) {}

    /// `buffered` holds everything received from the head's first byte on, empty lines ahead of it included; to be
    /// called again with more until the head is complete, with the same `out`, which is filled on the way. Returns the
    /// size of the complete head; 0: more is needed, or `error` is set, and stays until `reset`.
    [[nodiscard]] std::size_t parse(std::string_view buffered, received_request& out, parse_error& error);
    /// Ready for the next request.
    void reset() noexcept;

 private:
    [[nodiscard]] std::size_t read(std::string_view head, received_request& out);
    [[nodiscard]] bool take_request_line(std::string_view head, received_request& out);
    [[nodiscard]] bool take_field(const field_parser::line& line, received_request& out);
    [[nodiscard]] parse_error finish(received_request& out);

    head_reader reader_;
    std::string authority_;  // of an absolute-form target
    unsigned host_lines_ = 0;
    bool expects_continue_ = false;
};

}  // namespace tunnel::http
