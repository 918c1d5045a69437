#include "inspector/event_stream_reader.hpp"

#include <algorithm>
#include <utility>

#include "tunnel/base/text.hpp"

namespace tunnel::inspector {

std::vector<stream_event> event_stream_reader::feed(std::string_view bytes, duration at) {
    std::vector<stream_event> done;
    while (!bytes.empty()) {
        if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
        const auto room = limits::event_line - std::min(limits::event_line, line_.size());
        line_.append(bytes.substr(0, std::min(end, room)));
        line_length_ += end;
        if (end == bytes.size()) break;
        after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        if (std::exchange(first_line_, false)) {
            const auto mark = line_.size() - without_byte_order_mark(line_).size();
            line_.erase(0, mark);
            line_length_ -= mark;
        }
        if (line_.empty()) {
            dispatch(at, done);
        } else {
            take_line();
        }
        line_.clear();
        line_length_ = 0;
    }
    return done;
}

void event_stream_reader::take_line() {
    const std::string_view line = line_;
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") add_data(value);
    if (name == "event") event_.type = value;
    if (name == "id" && value.find('\0') == std::string_view::npos) last_id_ = value;
}

void event_stream_reader::add_data(std::string_view value) {
    const std::uint64_t cut_off = line_length_ - line_.size();
    const auto append = [this](std::string_view bytes) {
        event_.length += bytes.size();
        event_.data.append(bytes.substr(0, cap_ - std::min(cap_, event_.data.size())));
    };
    if (std::exchange(has_data_, true)) append("\n");
    append(value);
    event_.length += cut_off;
}

void event_stream_reader::dispatch(duration at, std::vector<stream_event>& done) {
    auto event = std::exchange(event_, {});
    // The standard ignores a block without data, whatever its type.
    if (!std::exchange(has_data_, false)) return;
    event.sequence = ++sequence_;
    event.at = at;
    event.id = last_id_;
    const auto size = event.data.size() + event.type.size() + event.id.size();
    if (sequence_ - dropped_ > limits::messages || kept_bytes_ + size > limits::messages_bytes) {
        ++dropped_;
        return;
    }
    kept_bytes_ += size;
    done.push_back(std::move(event));
}

}  // namespace tunnel::inspector
