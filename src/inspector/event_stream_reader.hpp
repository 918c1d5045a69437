#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/limits.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspector {

/// Reads events out of a text/event-stream body (WHATWG HTML, section 9.2.6), however its bytes are cut.
class event_stream_reader {
 public:
    explicit event_stream_reader(std::size_t cap = limits::message_bytes) : cap_(cap) {}

    /// Events that ended within `bytes`; those over the caps of an exchange are counted instead.
    [[nodiscard]] std::vector<stream_event> feed(std::string_view bytes, duration at);
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
    void take_line();
    void add_data(std::string_view value);
    void dispatch(duration at, std::vector<stream_event>& done);

    std::size_t cap_;
    std::string line_;
    bool first_line_ = true;
    bool after_cr_ = false;
    bool has_data_ = false;
    std::uint64_t line_length_ = 0;
    stream_event event_;
    std::string last_id_;
    std::uint64_t sequence_ = 0;
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace tunnel::inspector
