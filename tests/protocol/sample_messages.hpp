#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

#include "tunnel/protocol/message_codec.hpp"

/// Messages to code, and their parts as nlohmann has them.
namespace tunnel::protocol {

inline std::string every_byte() {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    return all;
}

/// A byte string as nlohmann sees it: UTF-8 of U+0000 to U+00FF.
inline std::string to_utf8(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xc0 | byte >> 6);
            text += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return text;
}

inline nlohmann::json to_json(const http::field_list& fields) {
    auto lines = nlohmann::json::array();
    for (const http::field f : fields) lines.push_back(nlohmann::json::array({to_utf8(f.name), to_utf8(f.value)}));
    return lines;
}

inline request sample_request() {
    request m;
    m.id = 7;
    m.head.method = "POST";
    m.head.target = "/hooks?a=\"b\"&c=\\d";
    m.head.fields.add("Host", "example.com");
    m.head.fields.add("X-Name", "caf\xe9");
    m.head.fields.add("x-name", "");
    m.head.content_length = 5;
    m.body.append("hello");
    m.end = true;
    return m;
}

inline std::string random_bytes(std::mt19937& random, std::size_t most) {
    std::string bytes(random() % (most + 1), '\0');
    const bool plain = random() % 2 == 0;
    for (char& c : bytes) c = static_cast<char>(plain ? 'a' + random() % 26 : random() & 0xff);
    return bytes;
}

inline http::field_list random_fields(std::mt19937& random, std::string_view prefix = {}) {
    http::field_list list;
    for (auto n = random() % 12; n != 0; --n) {
        const std::string name = std::string(prefix) + random_bytes(random, 20);
        list.add(name, random_bytes(random, 60));
    }
    return list;
}

}  // namespace tunnel::protocol
