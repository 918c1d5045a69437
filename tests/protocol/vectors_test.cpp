#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "http/writable.hpp"
#include "protocol/vector_files.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

// The frames of tests/protocol/vectors, which any other implementation can read as well; its README says how.

namespace tunnel::protocol {
namespace {

using nlohmann::json;
using test::load;
using test::unhex;

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 0xFU];
    }
    return hex;
}

/// A byte string as JSON has it: a character for each byte.
std::string characters(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0U | code >> 6U);
            text += static_cast<char>(0x80U | (code & 0x3FU));
        }
    }
    return text;
}

json fields(const http::field_list& list) {
    auto pairs = json::array();
    for (const auto [name, value] : list) pairs.push_back({characters(name), characters(value)});
    return pairs;
}

/// Members that are absent, empty or false are left out, but for those that the type requires.
struct describe {
    static void put(json& to, const char* name, std::string_view value) {
        if (!value.empty()) to[name] = value;
    }
    static void put(json& to, const char* name, std::uint64_t value) {
        if (value != 0) to[name] = value;
    }
    template <class Part>
    static json part(const char* type, const Part& m) {
        json to{{"type", type}, {"id", m.id}, {"end", m.end}};
        put(to, "body", to_hex(m.body.view()));
        if (!m.trailers.empty()) to["trailers"] = fields(m.trailers);
        return to;
    }
    template <class Head>
    static void put_head(json& to, const Head& head) {
        if (!head.fields.empty()) to["headers"] = fields(head.fields);
        if (head.content_length) to["content_length"] = *head.content_length;
        if (head.content_length_at < head.fields.size()) to["content_length_at"] = head.content_length_at;
        put(to, "upgrade", characters(head.upgrade));
    }

    json operator()(const unknown& /*m*/) const { return {{"type", "unknown"}}; }
    json operator()(const hello& m) const {
        json to{{"type", "hello"}, {"protocol", m.protocol}};
        if (m.protocol != version) return to;
        to["window"] = m.window;
        to["max_streams"] = m.max_streams;
        put(to, "agent", m.agent);
        put(to, "instance", m.instance);
        put(to, "public_url", m.public_url);
        put(to, "compress", m.compress);
        if (!m.compress_offer.empty()) to["compress"] = m.compress_offer;
        if (!m.versions.empty()) to["versions"] = m.versions;
        if (m.takeover) to["takeover"] = true;
        if (m.raw_bodies) to["raw_bodies"] = true;
        if (m.probe) to["probe"] = true;
        if (m.time > 0) to["time"] = m.time;
        return to;
    }
    json operator()(const request& m) const {
        json to = part("request", m);
        to["method"] = characters(m.head.method);
        to["path"] = characters(m.head.target);
        put_head(to, m.head);
        if (m.head.accepts_trailers) to["te"] = "trailers";
        put(to, "connection", m.from.connection);
        put(to, "caller", m.from.caller);
        return to;
    }
    json operator()(const response& m) const {
        json to = part("response", m);
        to["status"] = m.head.status;
        put(to, "reason", characters(m.head.reason));
        put_head(to, m.head);
        return to;
    }
    json operator()(const data& m) const { return part("data", m); }
    json operator()(const window& m) const { return {{"type", "window"}, {"id", m.id}, {"bytes", m.bytes}}; }
    json operator()(const cancel& m) const {
        json to{{"type", "cancel"}, {"id", m.id}, {"reason", to_string(m.reason)}};
        put(to, "detail", m.detail);
        return to;
    }
    json operator()(const fin& m) const { return {{"type", "fin"}, {"id", m.id}}; }
    json operator()(const ping& m) const { return {{"type", "ping"}, {"nonce", m.nonce}}; }
    json operator()(const pong& m) const { return {{"type", "pong"}, {"nonce", m.nonce}}; }
    json operator()(const goaway& m) const {
        json to{{"type", "goaway"}, {"reason", to_string(m.reason)}};
        put(to, "detail", m.detail);
        if (!m.versions.empty()) to["versions"] = m.versions;
        return to;
    }
    json operator()(const closed_connection& m) const { return {{"type", "closed"}, {"connection", m.connection}}; }
};

/// Writes a message as a frame.
struct write {
    byte_buffer& out;
    body_form form;

    void operator()(const unknown& /*m*/) const {}
    void operator()(const request& m) const {
        append_request(out, m.id, m.head, m.body.view(), m.end, m.trailers, form, m.from);
    }
    void operator()(const response& m) const {
        append_response(out, m.id, m.head, m.body.view(), m.end, m.trailers, form);
    }
    void operator()(const data& m) const { append_data(out, m.id, m.body.view(), m.end, m.trailers, form); }
    template <class Message>
    void operator()(const Message& m) const {
        append_frame(out, m);
    }
};

/// What the link does with a frame: bounds, then the codec.
struct frame_reader {
    message_decoder decoder;
    message found;
    std::size_t size = 0;

    std::error_code read(const std::string& bytes, bool raw_bodies, bool before_hello) {
        std::error_code error;
        const auto frame = read_frame(bytes, error, raw_bodies);
        if (!error && before_hello && frame.total > limits::max_hello + frame_prefix) error = errc::frame_too_large;
        if (error) return error;
        size = frame.complete() ? frame.total : 0;
        return decoder.decode(frame.payload, found, frame.raw_body ? body_form::raw : body_form::base64);
    }
    std::error_code read(const json& vector) {
        return read(unhex(vector["hex"]), vector.value("raw_bodies", false), vector.value("before_hello", false));
    }
};

TEST(Vectors, ThereAreEnoughOfThem) {
    EXPECT_GE(load("valid.json").size(), 40U);
    EXPECT_GE(load("invalid.json").size(), 80U);
}

TEST(Vectors, EachValidFrameIsReadAsItsMessage) {
    for (const auto& vector : load("valid.json")) {
        SCOPED_TRACE(vector["name"]);
        frame_reader reader;
        const auto error = reader.read(vector);
        EXPECT_FALSE(error) << error.message() << "; " << reader.decoder.fault();
        EXPECT_EQ(reader.size, unhex(vector["hex"]).size());
        EXPECT_EQ(std::visit(describe(), reader.found), vector["message"]);
    }
}

TEST(Vectors, EachMessageIsWrittenAndReadAgain) {
    for (const auto& vector : load("valid.json")) {
        SCOPED_TRACE(vector["name"]);
        frame_reader reader;
        ASSERT_FALSE(reader.read(vector));
        if (std::holds_alternative<unknown>(reader.found) || vector.contains("refused")) continue;
        for (const auto form : {body_form::base64, body_form::raw}) {
            byte_buffer out;
            std::visit(write{out, form}, reader.found);
            frame_reader again;
            ASSERT_FALSE(again.read(std::string(out.view()), true, false)) << out.view();
            EXPECT_EQ(again.size, out.size());
            EXPECT_EQ(again.found, reader.found);
        }
    }
}

std::string kind_of(const std::error_code& error) {
    const std::vector<std::string> names{"",
                                         "frame_empty",
                                         "frame_too_large",
                                         "bad_json",
                                         "duplicate_member",
                                         "missing_member",
                                         "bad_member",
                                         "bad_byte_string",
                                         "bad_base64",
                                         "idle_stream",
                                         "id_not_rising",
                                         "credit_overflow",
                                         "no_hello_first",
                                         "second_hello",
                                         "wrong_direction",
                                         "request_after_goaway",
                                         "unsupported_version",
                                         "too_long",
                                         "too_many_streams"};
    return names.at(static_cast<std::size_t>(error.value()));
}

TEST(Vectors, EachInvalidFrameIsRefusedForItsReason) {
    for (const auto& vector : load("invalid.json")) {
        if (vector.contains("layer")) continue;  // the next test
        SCOPED_TRACE(vector["name"]);
        frame_reader reader;
        const auto error = reader.read(vector);
        EXPECT_EQ(kind_of(error), vector["kind"].get<std::string>()) << error.message();
        EXPECT_EQ(is_stream_error(error) ? "stream" : "connection", vector["error"]);
        if (!vector.contains("id")) continue;
        const auto id = std::visit(
            [](const auto& m) {
                if constexpr (requires { m.id; }) return m.id;
                return stream_id{0};
            },
            reader.found);
        EXPECT_EQ(id, vector["id"]);
    }
}

TEST(Vectors, WhatIsNotHttpIsReadAndRefusedBehindTheCodec) {
    for (const auto& vector : load("invalid.json")) {
        if (!vector.contains("layer")) continue;
        SCOPED_TRACE(vector["name"]);
        frame_reader reader;
        EXPECT_FALSE(reader.read(vector)) << reader.decoder.fault();
        const bool writable = std::visit(
            [](const auto& m) {
                bool good = true;
                if constexpr (requires { m.head; }) good = http::is_writable(m.head);
                if constexpr (requires { m.trailers; }) good = good && http::is_writable(m.trailers);
                return good;
            },
            reader.found);
        EXPECT_FALSE(writable);
    }
}

TEST(Vectors, AFaultNamesTheMemberAndTheRule) {
    const auto fault_of = [](std::string_view payload) {
        message_decoder decoder;
        message m;
        EXPECT_TRUE(decoder.decode(payload, m));
        return decoder.fault();
    };
    EXPECT_EQ(fault_of(R"({"type":"window","id":1,"bytes":-1})"), "`bytes` must be an integer from 0 to 2^53-1");
    EXPECT_EQ(fault_of(R"({"type":"window","bytes":1})"), "`id` is missing");
    EXPECT_EQ(fault_of(R"({"type":"fin","id":0})"), "`id` must be an integer from 1 to 2^53-1");
    EXPECT_EQ(fault_of(R"({"type":"data","id":1,"end":true,"body":"a"})"), "`body` is not valid base64");
    EXPECT_EQ(fault_of(R"({"type":"ping","nonce":1,"nonce":2})"), "`nonce` stands twice");
    EXPECT_EQ(fault_of(R"({"type":7})"), "`type` must be a string");
    EXPECT_EQ(fault_of("x"), "");
}

}  // namespace
}  // namespace tunnel::protocol
