#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/message_shape.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/field_list.hpp"
#include "tunnel/http/head.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::protocol::shapes {

/// What was read of a message: numbers and the like here, the rest right in its place in the message. A member has a
/// place if the shape of the type has the member.
struct members {
    member_set seen = 0;
    std::uint64_t id = 0;
    std::uint64_t status = 0;
    std::uint64_t protocol = 0;
    std::uint64_t window = 0;
    std::uint64_t max_streams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t nonce = 0;
    std::uint64_t time = 0;
    std::uint64_t connection = 0;
    std::uint64_t content_length = 0;
    std::uint64_t content_length_at = http::behind_all_fields;
    bool end = false;
    bool takeover = false;
    bool raw_bodies = false;
    bool probe = false;
    bool accepts_trailers = false;
    errc body_fault = {};  // reported once the message's id is known
    cancel_reason cancelled = cancel_reason::other;
    goaway_reason going = goaway_reason::other;
    std::string* method = nullptr;
    std::string* target = nullptr;
    std::string* reason = nullptr;
    std::string* upgrade = nullptr;
    std::string* agent = nullptr;
    std::string* instance = nullptr;
    std::string* detail = nullptr;
    std::string* public_url = nullptr;
    std::string* compress = nullptr;
    std::string* caller = nullptr;
    std::vector<std::string>* compress_offer = nullptr;
    std::vector<std::uint64_t>* versions = nullptr;
    http::field_list* fields = nullptr;
    http::field_list* trailers = nullptr;
    byte_buffer* body = nullptr;

    [[nodiscard]] bool has(member m) const noexcept { return (seen & set_of(m)) != 0; }
};

/// Makes `out` a message of the type, and finds the places of its members.
void begin(kind k, message& out, members& m);
/// Puts in what has been read and checked.
void finish(kind k, const members& m, message& out);

}  // namespace tunnel::protocol::shapes
