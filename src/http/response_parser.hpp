#pragma once

#include <cstddef>
#include <string_view>

#include "http/head_reader.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"

namespace tunnel::http {

/// Reads response heads from the app: lenient. What browsers and other proxies accept is accepted and leaves as
/// flawless HTTP; `received_response::faulty_framing` says that the app's connection is to be closed afterwards. What
/// has two meanings is refused. No I/O.
class response_parser {
 public:
    /// A head takes at most `max_head` bytes.
    explicit response_parser(std::size_t max_head) noexcept : reader_(parse_mode::lenient, max_head) {}

    /// As request_parser::parse. `to_head`: the request was HEAD, so no body follows whatever is declared. The status
    /// of an error is 502: the client is not to blame.
    [[nodiscard]] std::size_t parse(std::string_view buffered, bool to_head, received_response& out,
                                    parse_error& error);
    /// Ready for the next response, interim or final.
    void reset() noexcept { reader_.reset(); }

 private:
    [[nodiscard]] std::size_t read(std::string_view head, bool to_head, received_response& out);
    [[nodiscard]] bool take_status_line(std::string_view head, received_response& out);
    [[nodiscard]] parse_error finish(bool to_head, received_response& out);
    void delimit(bool to_head, received_response& out) const;

    head_reader reader_;
    unsigned minor_ = 1;
};

}  // namespace tunnel::http
