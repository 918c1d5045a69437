#include "http/head_scanner.hpp"

#include "tunnel/base/limits.hpp"

namespace tunnel::http {

head_scanner::outcome head_scanner::scan(std::string_view head) noexcept {
    for (;;) {
        const auto line_feed = head.find('\n', scanned_);
        if (line_feed == std::string_view::npos) {
            scanned_ = head.size();
            if (lines_ == 0) start_line_size_ = head.size() - (head.ends_with('\r') ? 1 : 0);
            return outcome::more;
        }
        auto line = head.substr(line_begin_, line_feed - line_begin_);
        const bool crlf = line.ends_with('\r');
        if (crlf) line.remove_suffix(1);
        if (lines_ == 0) start_line_size_ = line.size();
        if (!crlf) return outcome::bare_line_feed;

        if (line.empty() && lines_ > 0) {
            size_ = line_feed + 1;
            return outcome::whole;
        }
        if (lines_ > 0 && (line.front() == ' ' || line.front() == '\t')) {
            if (lines_ == 1) return outcome::blank_first;
            if (folding_ == folding::refused) return outcome::folded;
        }
        if (lines_ > limits::max_fields) return outcome::too_many_fields;
        ++lines_;
        scanned_ = line_begin_ = line_feed + 1;
    }
}

}  // namespace tunnel::http
