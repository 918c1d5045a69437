#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <string_view>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace {

using namespace tunnel;
using namespace tunnel::protocol;
using http::request_head;

std::string random_bytes(std::size_t n) {
    std::mt19937 random(1);
    std::string bytes(n, '\0');
    for (char& c : bytes) c = static_cast<char>(random() & 0xff);
    return bytes;
}

request_head webhook() {
    request_head head;
    head.method = "POST";
    head.target = "/hooks/payments?source=provider&attempt=1";
    head.fields.add("Host", "hooks.example.com");
    head.fields.add("User-Agent", "Provider-Hooks/1.0 (+https://provider.example/docs/webhooks)");
    head.fields.add("Accept", "*/*; q=0.5, application/xml");
    head.fields.add("Accept-Encoding", "gzip");
    head.fields.add("Cache-Control", "no-cache");
    head.fields.add("Content-Type", "application/json; charset=utf-8");
    head.fields.add("X-Provider-Signature",
                    "t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd");
    head.fields.add("X-Request-Id", "6f1c2f4e-3a55-4c1a-9a6d-0f6f6cf0f7d1");
    head.fields.add("X-Forwarded-For", "203.0.113.7");
    head.fields.add("X-Forwarded-Proto", "http");
    head.content_length = 512;
    return head;
}

void count_bytes(benchmark::State& state, std::size_t each) {
    state.SetBytesProcessed(static_cast<std::int64_t>(each) * static_cast<std::int64_t>(state.iterations()));
}

void encode_webhook(benchmark::State& state) {
    const request_head head = webhook();
    const std::string body(512, 'x');
    byte_buffer out;
    for (auto _ : state) {
        out.clear();
        append_request(out, 7, head, body, true);
        benchmark::DoNotOptimize(out.data());
    }
    count_bytes(state, out.size());
}
BENCHMARK(encode_webhook);

void decode(benchmark::State& state, const byte_buffer& frame, std::size_t counted) {
    message_decoder decoder;
    message out;
    const std::string_view payload = frame.view().substr(frame_prefix);
    for (auto _ : state) {
        if (decoder.decode(payload, out)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(out);
    }
    count_bytes(state, counted);
}

void decode_webhook(benchmark::State& state) {
    byte_buffer frame;
    append_request(frame, 7, webhook(), std::string(512, 'x'), true);
    decode(state, frame, frame.size());
}
BENCHMARK(decode_webhook);

void decode_ping(benchmark::State& state) {
    byte_buffer frame;
    append_frame(frame, ping{42});
    decode(state, frame, frame.size());
}
BENCHMARK(decode_ping);

/// Speed in body bytes, as a transfer sees it.
void encode_body(benchmark::State& state) {
    const std::string body = random_bytes(static_cast<std::size_t>(state.range(0)));
    byte_buffer out;
    for (auto _ : state) {
        out.clear();
        append_data(out, 7, body, false);
        benchmark::DoNotOptimize(out.data());
    }
    count_bytes(state, body.size());
}
BENCHMARK(encode_body)->Arg(tunnel::limits::shared_body_slice)->Arg(tunnel::limits::body_slice);

void decode_body(benchmark::State& state) {
    const std::string body = random_bytes(static_cast<std::size_t>(state.range(0)));
    byte_buffer frame;
    append_data(frame, 7, body, false);
    decode(state, frame, body.size());
}
BENCHMARK(decode_body)->Arg(tunnel::limits::shared_body_slice)->Arg(tunnel::limits::body_slice);

void base64_encode_bytes(benchmark::State& state) {
    const std::string bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
    std::string text(base64_encoded_size(bytes.size()), '\0');
    for (auto _ : state) {
        base64_encode(bytes, text.data());
        benchmark::ClobberMemory();
    }
    count_bytes(state, bytes.size());
}
BENCHMARK(base64_encode_bytes)->Arg(100)->Arg(tunnel::limits::body_slice);

void base64_decode_bytes(benchmark::State& state) {
    std::string bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
    std::string text(base64_encoded_size(bytes.size()), '\0');
    base64_encode(bytes, text.data());
    std::string out(base64_decoded_room(text.size()), '\0');
    for (auto _ : state) {
        benchmark::DoNotOptimize(base64_decode(text, out.data()));
        benchmark::ClobberMemory();
    }
    count_bytes(state, bytes.size());
}
BENCHMARK(base64_decode_bytes)->Arg(100)->Arg(tunnel::limits::body_slice);

}  // namespace
