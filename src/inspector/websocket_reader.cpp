#include "inspector/websocket_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "inspector/inflate_stream.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::uint8_t continuation = 0;
constexpr std::uint8_t first_control = 8;
constexpr std::size_t longest_control = 125;
/// What a sender takes off the end of each compressed message (RFC 7692 section 7.2.1).
constexpr std::string_view deflate_tail{"\x00\x00\xff\xff", 4};

bool is_control(std::uint8_t opcode) noexcept { return opcode >= first_control; }

bool is_known(std::uint8_t opcode) noexcept { return opcode <= 2 || (opcode >= first_control && opcode <= 10); }

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

websocket_deflate agreed_deflate(const field_lines& response_fields) {
    websocket_deflate deflate;
    const auto* extensions = find_field(response_fields, "Sec-WebSocket-Extensions");
    if (!extensions) return deflate;
    std::string_view rest = *extensions;
    rest = rest.substr(0, rest.find(','));
    bool first = true;
    while (!rest.empty()) {
        const auto token = trimmed(rest.substr(0, rest.find(';')));
        rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
        if (std::exchange(first, false)) deflate.enabled = same_name(token, "permessage-deflate");
        if (same_name(token, "client_no_context_takeover")) deflate.caller_keeps_window = false;
        if (same_name(token, "server_no_context_takeover")) deflate.app_keeps_window = false;
    }
    return deflate;
}

websocket_direction::websocket_direction(message_direction direction, bool deflate, bool keeps_window, std::size_t cap)
    : direction_(direction),
      deflate_(deflate),
      cap_(cap),
      inflate_(deflate ? std::make_unique<inflate_stream>(keeps_window) : nullptr) {}

websocket_direction::~websocket_direction() = default;
websocket_direction::websocket_direction(websocket_direction&&) noexcept = default;
websocket_direction& websocket_direction::operator=(websocket_direction&&) noexcept = default;

void websocket_direction::feed(std::string_view bytes, duration at, std::vector<websocket_message>& done) {
    while (problem_.empty()) {
        if (!frame_ && !(take_head(bytes) && begin_frame())) return;
        take_payload(bytes);
        if (taken_ < frame_->length) return;
        end_frame(at, done);
    }
}

bool websocket_direction::take_head(std::string_view& bytes) {
    const auto size_of_head = [this]() -> std::size_t {
        if (head_bytes_.size() < 2) return 2;
        const auto second = static_cast<unsigned char>(head_bytes_[1]);
        const unsigned length = second & 0x7FU;
        const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        return 2 + extended + ((second & 0x80U) != 0 ? 4 : 0);
    };
    while (head_bytes_.size() < size_of_head()) {
        if (bytes.empty()) return false;
        head_bytes_ += bytes.front();
        bytes.remove_prefix(1);
    }
    return true;
}

bool websocket_direction::begin_frame() {
    const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(head_bytes_[i]); };
    frame_head head;
    head.fin = (byte(0) & 0x80U) != 0;
    head.compressed = (byte(0) & 0x40U) != 0;
    head.opcode = byte(0) & 0x0FU;
    head.masked = (byte(1) & 0x80U) != 0;
    head.length = byte(1) & 0x7FU;
    const std::size_t extended = head.length == 126 ? 2 : head.length == 127 ? 8 : 0;
    if (extended > 0) head.length = 0;
    for (std::size_t i = 0; i < extended; ++i) head.length = head.length << 8 | byte(2 + i);
    if (head.masked) std::memcpy(head.mask.data(), head_bytes_.data() + 2 + extended, head.mask.size());
    const bool reserved = (byte(0) & 0x30U) != 0;
    head_bytes_.clear();

    const bool in_message = message_.has_value();
    if (reserved || !is_known(head.opcode)) fail("a frame has reserved bits or an unknown opcode");
    if (head.compressed && (!deflate_ || is_control(head.opcode) || head.opcode == continuation)) {
        fail("a frame is compressed where that was not agreed");
    }
    if (is_control(head.opcode) && (!head.fin || head.length > longest_control)) fail("a control frame is too long");
    if (!is_control(head.opcode) && in_message != (head.opcode == continuation)) fail("frames are out of order");
    if ((head.length >> 63) != 0) fail("a frame is too long");
    if (!problem_.empty()) return false;

    if (is_control(head.opcode)) {
        control_ = {};
        control_.kind = static_cast<message_kind>(head.opcode);
    } else if (!in_message) {
        message_.emplace();
        message_->kind = static_cast<message_kind>(head.opcode);
        message_->compressed = head.compressed;
        if (head.compressed) inflate_->reset();
    }
    taken_ = 0;
    frame_ = head;
    return true;
}

void websocket_direction::take_payload(std::string_view& bytes) {
    constexpr std::size_t slice_bytes = 4096;
    std::array<char, slice_bytes> slice;
    while (!bytes.empty() && taken_ < frame_->length && problem_.empty()) {
        const auto n =
            static_cast<std::size_t>(std::min<std::uint64_t>({bytes.size(), frame_->length - taken_, slice_bytes}));
        std::memcpy(slice.data(), bytes.data(), n);
        if (frame_->masked) {
            for (std::size_t i = 0; i < n; ++i) {
                slice[i] = static_cast<char>(static_cast<unsigned char>(slice[i]) ^ frame_->mask[(taken_ + i) % 4]);
            }
        }
        add({slice.data(), n});
        taken_ += n;
        bytes.remove_prefix(n);
    }
}

void websocket_direction::add(std::string_view payload) {
    auto& message = is_control(frame_->opcode) ? control_ : *message_;
    const auto append = [&](std::string_view bytes) {
        message.length += bytes.size();
        message.data.append(bytes.substr(0, std::min(bytes.size(), cap_ - std::min(cap_, message.data.size()))));
        return !message.compressed || message.length <= limits::inflated_message;
    };
    if (!message.compressed) {
        append(payload);
    } else if (!inflate_->inflate(payload, append)) {
        fail(message.length > limits::inflated_message ? "a message inflates to too much"
                                                       : "a message is not valid deflate data");
    }
}

void websocket_direction::end_frame(duration at, std::vector<websocket_message>& done) {
    if (!problem_.empty()) return;
    const bool control = is_control(frame_->opcode);
    if (!control && !frame_->fin) {
        frame_.reset();
        return;
    }
    if (!control && message_->compressed) add(deflate_tail);
    frame_.reset();
    if (!problem_.empty()) return;
    auto message = control ? std::move(control_) : std::move(*message_);
    if (!control) message_.reset();
    message.direction = direction_;
    message.at = at;
    done.push_back(std::move(message));
}

void websocket_direction::fail(std::string_view why) {
    if (problem_.empty()) problem_ = why;
}

websocket_reader::websocket_reader(const websocket_deflate& deflate, std::size_t cap)
    : caller_(message_direction::from_caller, deflate.enabled, deflate.caller_keeps_window, cap),
      app_(message_direction::from_app, deflate.enabled, deflate.app_keeps_window, cap) {}

std::vector<websocket_message> websocket_reader::feed(message_direction direction, std::string_view bytes,
                                                      duration at) {
    std::vector<websocket_message> done;
    (direction == message_direction::from_caller ? caller_ : app_).feed(bytes, at, done);
    std::erase_if(done, [this](websocket_message& message) {
        message.sequence = ++sequence_;
        const bool fits = kept_ < limits::messages && kept_bytes_ + message.data.size() <= limits::messages_bytes;
        if (fits) {
            ++kept_;
            kept_bytes_ += message.data.size();
        } else {
            ++dropped_;
        }
        return !fits;
    });
    return done;
}

const std::string& websocket_reader::problem(message_direction direction) const noexcept {
    return (direction == message_direction::from_caller ? caller_ : app_).problem();
}

}  // namespace tunnel::inspector
